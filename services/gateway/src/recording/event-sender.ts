import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Broker,
  MESSAGING_SYSTEM,
  type PublishOutcome,
  publishRecorded,
  RECORD_EVENT_KEY,
  RECORD_METRIC_KEY,
  recordedBody,
  recordingTopology,
} from '@tracepost/messaging';
import type { Telemetry } from '@tracepost/telemetry';

export type RecordKey = typeof RECORD_EVENT_KEY | typeof RECORD_METRIC_KEY;

/** Hands what was recorded to the broker. */
export interface EventSender {
  /** Declares the queue, as soon as the broker is there. */
  start(): void;
  /** Entries as JSON; never throws. `confirmed`: all of them lie durably in the analyst's queue. */
  send(key: RecordKey, entries: readonly string[]): Promise<PublishOutcome>;
  close(): void;
}

/** Messages of one key that wait for their confirm at a time; what comes meanwhile makes up the next ones. */
const MOST_UNDER_WAY = 4;
const MOST_ENTRIES = 500;
const MOST_CHARACTERS = 512 * 1024;
const DECLARE_WAIT_MS = 1_000;

interface Waiting {
  readonly entries: readonly string[];
  readonly characters: number;
  readonly settle: (outcome: PublishOutcome) => void;
}

/**
 * What a queue on disk costs is counted in messages: events that come while others wait for their confirm leave together. Alone,
 * one leaves at once.
 */
export function createEventSender({
  broker,
  telemetry,
}: {
  readonly broker: Pick<Broker, 'publish' | 'declare'>;
  readonly telemetry: Pick<Telemetry, 'metrics' | 'logger'>;
}): EventSender {
  const { metrics, logger } = telemetry;
  let isClosed = false;
  let declaring: Promise<void> | null = null;

  const declare = (): Promise<void> => {
    declaring ??= broker
      .declare(recordingTopology())
      .catch((error: unknown) => {
        if (!isClosed)
          logger.error({ layer: 'queue', result: 'error', error }, 'The queue of recorded events cannot be declared');
      })
      .finally(() => {
        declaring = null;
      });
    return declaring;
  };

  const publish = async (key: RecordKey, entries: readonly string[]): Promise<PublishOutcome> => {
    const message = { key, body: recordedBody(entries) };
    const startedMs = performance.now();
    let outcome = await publishRecorded(broker, message);
    if (outcome.status === 'unroutable' && !isClosed) {
      // Just started, or somebody has deleted the queue: with it back, once more.
      await Promise.race([declare(), sleep(DECLARE_WAIT_MS, undefined, { ref: false })]);
      outcome = await publishRecorded(broker, message);
    }
    const attributes = {
      'messaging.system': MESSAGING_SYSTEM,
      'messaging.destination.name': key,
      'messaging.operation.name': 'publish',
      ...(outcome.status === 'confirmed' ? {} : { 'error.type': outcome.status }),
    };
    metrics.add('messaging.client.published.messages', 1, attributes);
    metrics.record('messaging.client.operation.duration', (performance.now() - startedMs) / 1_000, attributes);
    return outcome;
  };

  const lanes = {
    [RECORD_EVENT_KEY]: createLane((entries) => publish(RECORD_EVENT_KEY, entries)),
    [RECORD_METRIC_KEY]: createLane((entries) => publish(RECORD_METRIC_KEY, entries)),
  };
  return {
    start: () => void declare(),
    send: (key, entries) => lanes[key](entries),
    close() {
      isClosed = true;
    },
  };
}

function createLane(
  publish: (entries: readonly string[]) => Promise<PublishOutcome>,
): (entries: readonly string[]) => Promise<PublishOutcome> {
  const waiting: Waiting[] = [];
  let underWay = 0;
  let isScheduled = false;

  const schedule = (): void => {
    if (isScheduled || waiting.length === 0 || underWay >= MOST_UNDER_WAY) return;
    isScheduled = true;
    // After the requests of this turn.
    setImmediate(leave);
  };
  const leave = (): void => {
    isScheduled = false;
    const batch = takeBatch(waiting);
    underWay++;
    void publish(batch.flatMap(({ entries }) => entries)).then((outcome) => {
      underWay--;
      for (const { settle } of batch) settle(outcome);
      schedule();
    });
    schedule();
  };
  return (entries) =>
    new Promise((settle) => {
      const characters = entries.reduce((sum, { length }) => sum + length, 0);
      waiting.push({ entries, characters, settle });
      schedule();
    });
}

/** The oldest ones, at least one. */
function takeBatch(waiting: Waiting[]): Waiting[] {
  let count = 0;
  let entries = 0;
  let characters = 0;
  for (const one of waiting) {
    entries += one.entries.length;
    characters += one.characters;
    if (count > 0 && (entries > MOST_ENTRIES || characters > MOST_CHARACTERS)) break;
    count++;
  }
  return waiting.splice(0, count);
}
