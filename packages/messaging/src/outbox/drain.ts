import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Telemetry } from '@tracepost/telemetry';
import type { Broker, OutgoingMessage, PublishOutcome } from '../broker.ts';
import { MESSAGING_SYSTEM } from '../messaging-system.ts';
import { createSlots } from '../slots.ts';
import { agentTopology } from '../topology.ts';
import { createBackOff } from './back-off.ts';
import type { Entry, Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';
import type { OutboxFile } from './outbox-file.ts';
import { decodeRow } from './row.ts';

export interface DrainOptions {
  readonly broker: Broker;
  readonly file: OutboxFile;
  readonly lanes: Lanes;
  readonly telemetry: Pick<Telemetry, 'logger' | 'metrics'>;
  /** The broker has them: they may leave the disk. */
  readonly onPublished: (sequences: readonly number[]) => void;
  /** One whose content is not what was written: it stays in the file and goes nowhere. */
  readonly onDamaged: (lane: Lane, entry: Entry) => void;
  readonly onFileError: (error: unknown) => void;
}

/** Brings what waits to the broker, each agent's messages in their order, and one agent's troubles harm no other. */
export interface Drain {
  /** Once for each new lane; ends by itself when the lane is empty. */
  start(lane: Lane): void;
  /** Starts nothing new; resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Agents at a time, and what of one agent is under way at a time: together at most 8 MiB. */
const LANES_AT_A_TIME = 8;
const MOST_MESSAGES = 256;
const MOST_BYTES = 1024 * 1024;
const FIRST_PAUSE_MS = 50;
/** Of a broker that comes back is heard at once; this is for one that takes nothing though it is there. */
const LONGEST_PAUSE_MS = 2_000;

export function createDrain(options: DrainOptions): Drain {
  const { broker, file, lanes, telemetry, onPublished, onDamaged, onFileError } = options;
  const stopping = new AbortController();
  const slots = createSlots(LANES_AT_A_TIME);
  const running = new Set<Promise<void>>();
  let whenReady = Promise.withResolvers<void>();
  const stopListening = broker.onStateChange((state) => {
    if (state !== 'ready') return;
    whenReady.resolve();
    whenReady = Promise.withResolvers();
  });

  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal: stopping.signal }).catch(() => undefined);

  const publish = (message: OutgoingMessage): Promise<PublishOutcome> => {
    // Its own for every sending: nobody knows whether an earlier one, perhaps of an earlier process, arrived.
    const headers = { ...message.headers, 'x-copy': randomBytes(8).toString('hex') };
    return broker.publish({ ...message, headers });
  };

  /** Sends the oldest ones together; gives what kept the first of those that were not confirmed. */
  const publishNext = async (lane: Lane, maxMessages: number): Promise<PublishOutcome['status']> => {
    const entries = lane.next({ maxMessages, maxBytes: MOST_BYTES });
    const rows = await file.read(entries.map(({ sequence }) => sequence));
    const sent: { readonly entry: Entry; readonly outcome: Promise<PublishOutcome> }[] = [];
    for (const entry of entries) {
      const row = rows.get(entry.sequence);
      const message = row ? decodeRow(row) : null;
      if (message === null) onDamaged(lane, entry);
      // All in one turn on one channel: the broker takes them in this order.
      else sent.push({ entry, outcome: publish(message) });
    }
    const published: number[] = [];
    let obstacle: PublishOutcome | null = null;
    for (const { entry, outcome } of sent) {
      const known = await outcome;
      count(lane, known);
      if (known.status === 'confirmed') {
        published.push(entry.sequence);
        lanes.remove(lane, entry);
      } else obstacle ??= known;
    }
    if (published.length > 0) onPublished(published);
    if (obstacle) tell(lane, obstacle);
    return obstacle?.status ?? 'confirmed';
  };

  const count = ({ agentId }: Lane, { status }: PublishOutcome): void => {
    telemetry.metrics.add('messaging.client.published.messages', 1, {
      'messaging.system': MESSAGING_SYSTEM,
      'messaging.destination.name': `agent.${agentId}`,
      'messaging.operation.name': 'publish',
      ...(status === 'confirmed' ? {} : { 'error.type': status }),
    });
  };

  const tell = ({ agentId }: Lane, outcome: PublishOutcome): void => {
    telemetry.logger.debug(
      { layer: 'queue', agentId, reason: 'reason' in outcome ? outcome.reason : outcome.status },
      'The outbox could not deliver; it tries again',
    );
    if (outcome.status !== 'unroutable') return;
    broker.declare(agentTopology(agentId)).catch((error: unknown) => {
      telemetry.logger.warn({ layer: 'queue', agentId, error }, 'The queue of the agent cannot be declared');
    });
  };

  const empty = async (lane: Lane): Promise<void> => {
    const backOff = createBackOff({ firstMs: FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS });
    let maxMessages = 1;
    while (!stopping.signal.aborted && lane.first) {
      if (lane.first.state === 'being written') {
        await lane.changed();
      } else if (broker.state !== 'ready') {
        await whenReady.promise;
      } else if (await slots.take()) {
        const status = await publishNext(lane, maxMessages)
          .catch(onFailure)
          .finally(() => slots.give());
        if (status === 'confirmed') {
          maxMessages = Math.min(2 * maxMessages, MOST_MESSAGES);
          backOff.reset();
        } else {
          // One alone finds out whether it works again: whatever goes with it may arrive twice, or overtake it at a full queue.
          maxMessages = 1;
          await pause(backOff.next());
        }
      }
    }
    if (!stopping.signal.aborted) lanes.forget(lane);
  };
  const onFailure = (error: unknown): null => {
    onFileError(error);
    return null;
  };

  return {
    start(lane) {
      const ended = empty(lane).finally(() => running.delete(ended));
      running.add(ended);
    },
    async stop() {
      stopping.abort();
      stopListening();
      slots.close();
      whenReady.resolve();
      for (const lane of lanes) lane.wake();
      await Promise.all(running);
    },
  };
}
