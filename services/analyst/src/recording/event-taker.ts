import {
  ANALYST_PARKED_QUEUE,
  ANALYST_QUEUE,
  type Broker,
  QueueTaker,
  readRecorded,
  recordingTopology,
  StoreHealth,
} from '@tracepost/messaging';
import { type EventEntry, type EventStore, type RecordStore, RecordsRefusedError } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { createOverflowReport } from './overflow-report.ts';
import { toEntries } from './to-entries.ts';

export interface EventTakerOptions {
  readonly broker: Broker;
  readonly records: Pick<RecordStore, 'ping'> & { readonly events: Pick<EventStore, 'record'> };
  readonly telemetry: Telemetry;
  /** Most messages of one batch; default 200. */
  readonly batchSize?: number;
  /** How long the first message of a batch waits for company; default 10. */
  readonly lingerMs?: number;
  /** Most deliveries in hand at a time; default 500. */
  readonly prefetch?: number;
  /** How long `close()` waits for what is in hand; default 8,000. */
  readonly drainMs?: number;
}

/**
 * Takes what others told (`record.event`, `record.metric`) from the queue `analyst` into the records, batch by batch. A message is
 * acknowledged after the commit that holds it, and an id that was stored is never stored again: whenever this process dies,
 * nothing is lost and nothing is there twice.
 */
export interface EventTaker {
  /** False, with a reason, while nothing can be recorded. */
  readonly state: { readonly isReady: boolean; readonly message: string };
  /** Resolves once it consumes; waits while the broker is unreachable. Safe to call twice. */
  start(): Promise<void>;
  /** Takes nothing new and records what is in hand; what cannot be recorded goes back to the queue. Safe to call twice. */
  close(): Promise<void>;
}

/** Of one transaction; a message of a full array is one such by itself. */
const ENTRIES_PER_WRITE = 2_000;

export function createEventTaker(options: EventTakerOptions): EventTaker {
  const { broker, records, telemetry, batchSize = 200, lingerMs = 10, prefetch = 500, drainMs = 8_000 } = options;
  const { metrics } = telemetry;
  const tellOverflow = createOverflowReport(telemetry);
  const record = async (entries: readonly EventEntry[]): Promise<void> => {
    const { recorded, overflowed } = await records.events.record(entries);
    if (recorded > 0) metrics.add('tracepost.ingest.stored', recorded, { 'tracepost.signal': 'events' });
    tellOverflow(overflowed);
  };
  /** Of messages that were looked through, how many of their entries the store does not take. */
  const refused = new WeakMap<readonly EventEntry[], number>();
  return new QueueTaker<readonly EventEntry[]>({
    broker,
    telemetry,
    health: new StoreHealth(telemetry, { what: 'Recorded events', done: 'stored' }),
    batchSize,
    lingerMs,
    prefetch,
    drainMs,
    taking: {
      queue: ANALYST_QUEUE,
      parkedQueue: ANALYST_PARKED_QUEUE,
      topology: recordingTopology(),
      read(message) {
        const read = readRecorded(message);
        return read.kind === 'unreadable' ? { unreadable: read.reason } : { item: toEntries(read) };
      },
      store: (told) => record(told.flat()),
      /** What several told at the same time lies in one message: one that is wrong costs the others nothing. */
      async salvage(entries) {
        let count = 0;
        for (const entry of entries) {
          try {
            await record([entry]);
          } catch (error) {
            if (!(error instanceof RecordsRefusedError)) throw error;
            count += 1;
          }
        }
        refused.set(entries, count);
      },
      isRefused: (error) => error instanceof RecordsRefusedError,
      ping: () => records.ping(),
      sizeOf: (entries) => entries.length,
      maxSize: ENTRIES_PER_WRITE,
      onParked: (reason, entries) =>
        metrics.add('tracepost.ingest.refused', entries ? (refused.get(entries) ?? entries.length) : 1, {
          'tracepost.signal': 'events',
          'tracepost.reason': reason,
        }),
    },
  });
}
