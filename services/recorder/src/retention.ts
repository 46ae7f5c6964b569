import { setTimeout as sleep } from 'node:timers/promises';
import { createHousekeeping } from '@tracepost/config';
import type { HouseStores } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';

export interface RetentionOptions {
  readonly stores: HouseStores;
  readonly keep: {
    /** Records of ended tasks, and the audit trail. */
    readonly taskDays: number;
    /** Figures by hour and day; those by minute go with the records, which finer edges of a window are read from. */
    readonly rollupDays: number;
    readonly deadLetterDays: number;
    /** What traces are found by, after their last span. */
    readonly traceDays: number;
    /** Recorded events with their ids, and recorded metrics. */
    readonly eventDays: number;
    readonly recordedMetricDays: number;
  };
  /** Of other stores: each forgets a portion and says how many that were. */
  readonly others?: Readonly<Record<string, (nowMs: number) => Promise<number>>>;
  readonly telemetry: Pick<Telemetry, 'metrics' | 'logger'>;
  /** An hour when none is given. */
  readonly everyMs?: number;
  /** A minute when none is given: a start has other things to do. */
  readonly firstAfterMs?: number;
}

/** Forgets what is older than it is kept for. Several may do so at a time. */
export interface Retention {
  start(): void;
  /** Everything that is too old by now, in portions. Never rejects; what failed is tried again the next time. */
  run(nowMs: number): Promise<void>;
  /** Safe to call twice; a portion that is under way is waited for. */
  close(): Promise<void>;
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Between two portions of some thousands, so that others can write. */
const PAUSE_MS = 100;
const MOST_PORTIONS = 1_000;

/** Idempotency keys (24 hours) and payloads (seven days) have their times from the promises that are made with them. */
export function createRetention({
  stores,
  keep,
  others = {},
  telemetry,
  everyMs = HOUR_MS,
  firstAfterMs = MINUTE_MS,
}: RetentionOptions): Retention {
  const { metrics, logger } = telemetry;
  const purges: Readonly<Record<string, (nowMs: number) => Promise<number>>> = {
    tasks: (nowMs) => stores.purgeTasks(nowMs, keep.taskDays * DAY_MS),
    rollups: (nowMs) =>
      stores.rollups.purge(nowMs, { minutesMs: keep.taskDays * DAY_MS, hoursMs: keep.rollupDays * DAY_MS }),
    dead_letters: (nowMs) => stores.deadLetters.purge(nowMs, keep.deadLetterDays * DAY_MS),
    inbox: (nowMs) => stores.inbox.purge(nowMs),
    keys: (nowMs) => stores.keys.purge(nowMs),
    audit: (nowMs) => stores.audit.purge(nowMs, keep.taskDays * DAY_MS),
    traces: (nowMs) => stores.traceSummaries.purge(nowMs, keep.traceDays * DAY_MS),
    events: (nowMs) => stores.events.purge(nowMs, keep.eventDays * DAY_MS),
    recorded_metrics: (nowMs) => stores.recordedMetrics.purge(nowMs, keep.recordedMetricDays * DAY_MS),
    // Not forgotten: put together into hours.
    recorded_minutes: (nowMs) => stores.recordedMetrics.downsample(nowMs),
    ...others,
  };

  const purgeAll = async (kind: string, purge: () => Promise<number>): Promise<void> => {
    let total = 0;
    try {
      for (let portion = 0; portion < MOST_PORTIONS && !housekeeping.signal.aborted; portion++) {
        const count = await purge();
        if (count === 0) break;
        total += count;
        await sleep(PAUSE_MS, undefined, { signal: housekeeping.signal }).catch(() => undefined);
      }
    } catch (error) {
      logger.warn({ layer: 'store', result: 'error', error }, `What is too old of ${kind} could not be forgotten`);
    }
    if (total === 0) return;
    metrics.add('tracepost.retention.purged', total, { 'tracepost.kind': kind });
    logger.info({ layer: 'store', result: 'success', count: total }, `forgot ${kind} that were too old`);
  };
  const run = async (nowMs: number): Promise<void> => {
    for (const [kind, purge] of Object.entries(purges)) await purgeAll(kind, () => purge(nowMs));
  };
  const housekeeping = createHousekeeping({ work: () => run(Date.now()), everyMs, firstAfterMs });
  return { start: housekeeping.start, run, close: housekeeping.close };
}
