import type { AgentAnnouncement, TaskEvent } from '@tracepost/contracts';
import { type Broker, type Consumption, type Delivery, liveTopology, readEvent } from '@tracepost/messaging';
import type { Logger } from '@tracepost/telemetry';

/** This gateway's own copy of what happens: task events and announcements, as long as it lives. */
export interface LiveFeed {
  /** Resolves once events arrive (or never will, which the log tells); waits for a broker that is away. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface LiveFeedOptions {
  readonly broker: Broker;
  readonly queue: string;
  readonly logger: Logger;
  readonly onTaskEvent: (event: TaskEvent, bytes: number) => void;
  readonly onAnnouncement: (announcement: AgentAnnouncement) => void;
  /** The connection to the broker is gone, and again when it is back: what happens in between is not heard. */
  readonly onInterrupted: () => void;
}

const PREFETCH = 500;
const CLOSE_DEADLINE_MS = 1_000;

export function createLiveFeed(options: LiveFeedOptions): LiveFeed {
  const { broker, queue, logger, onTaskEvent, onAnnouncement, onInterrupted } = options;
  let isClosed = false;
  let consumption: Consumption | null = null;
  let stopListening: (() => void) | null = null;

  const watchConnection = (): (() => void) => {
    // One that only takes nothing more (`blocked`) still delivers.
    const isHearing = (): boolean => broker.state === 'ready' || broker.state === 'blocked';
    let wasHearing = isHearing();
    let hasHeard = wasHearing;
    return broker.onStateChange(() => {
      if (isClosed || isHearing() === wasHearing) return;
      wasHearing = !wasHearing;
      // The first connection interrupts nothing.
      if (hasHeard) onInterrupted();
      hasHeard = true;
    });
  };

  const onDelivery = (delivery: Delivery): void => {
    const read = readEvent(delivery.message);
    if (read.kind === 'tasks') {
      const bytes = delivery.message.body.length / read.events.length;
      for (const event of read.events) onTaskEvent(event, bytes);
    }
    if (read.kind === 'announcement') onAnnouncement(read.announcement);
    if (read.kind === 'unreadable') {
      logger.debug(
        { layer: 'queue', hopName: 'live', hopResult: read.reason },
        'A live event cannot be read and is left out',
      );
    }
    delivery.ack();
  };

  const begin = async (): Promise<void> => {
    await broker.declare(liveTopology(queue));
    const begun = await broker.consume({ queue, prefetch: PREFETCH, onDelivery });
    if (isClosed) await begun.close({ deadlineMs: 0 });
    else consumption = begun;
  };

  return {
    async start() {
      stopListening ??= watchConnection();
      try {
        await begin();
      } catch (error) {
        if (isClosed) return;
        logger.error(
          { layer: 'queue', error },
          'The live feed cannot begin: tasks are read from the record store only',
        );
      }
    },
    async close() {
      isClosed = true;
      stopListening?.();
      await consumption?.close({ deadlineMs: CLOSE_DEADLINE_MS });
      consumption = null;
    },
  };
}
