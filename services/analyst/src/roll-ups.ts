import { createHousekeeping } from '@tracepost/config';
import { type FailedRollUp, type MetricStore, settledHour } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';

export interface RollUpsOptions {
  readonly metrics: Pick<MetricStore, 'rollUp'>;
  readonly telemetry: Pick<Telemetry, 'logger' | 'metrics'>;
  /** Five minutes when none is given: an hour is put together soon after it has settled. */
  readonly everyMs?: number;
  /** Half a minute when none is given: a start has other things to do. */
  readonly firstAfterMs?: number;
  readonly now?: () => number;
}

/** Puts whole hours of metrics together as they pass, so that questions about weeks are quick. */
export interface RollUps {
  start(): void;
  /** Once, now. Never rejects; what failed is tried again the next time. */
  run(): Promise<void>;
  /** Safe to call twice; one that is under way is ended, and nothing is lost by that. */
  close(): Promise<void>;
}

const MINUTE_MS = 60_000;
/** Of metrics, in one line. */
const MOST_NAMES = 10;

export function createRollUps({
  metrics,
  telemetry: { logger, metrics: counts },
  everyMs = 5 * MINUTE_MS,
  firstAfterMs = MINUTE_MS / 2,
  now = Date.now,
}: RollUpsOptions): RollUps {
  let isFailing = false;

  /** They are tried less often each time, and so is this line. */
  const tellFailed = (failed: readonly FailedRollUp[], durationMs: number): void => {
    counts.add('tracepost.metrics.rollup.failures', failed.length);
    const names = failed.map(({ name }) => name);
    const some = names.length > MOST_NAMES ? [...names.slice(0, MOST_NAMES), '…'] : names;
    logger.warn(
      { layer: 'store', result: 'partial', durationMs, metrics: some, reason: failed[0]?.reason },
      `Hours of ${names.length} metrics cannot be put together (${some.join(', ')}); those of the others are. ` +
        'They are tried again later; until then questions about them read points, and long ones may fail',
    );
  };
  const run = async (): Promise<void> => {
    const began = performance.now();
    try {
      const { hours, late, failed = [] } = await metrics.rollUp(new Date(settledHour(now())), housekeeping.signal);
      const durationMs = Math.round(performance.now() - began);
      if (hours + late > 0)
        logger.debug(
          { layer: 'store', result: 'success', durationMs },
          `Put ${hours} hours of metrics together, and ${late} again after late points`,
        );
      if (failed.length > 0) tellFailed(failed, durationMs);
      if (isFailing) logger.info({ layer: 'store', result: 'success' }, 'Hours of metrics are put together again');
      isFailing = false;
    } catch (error) {
      if (housekeeping.signal.aborted) return;
      // One line, not one for each try: questions are answered from points meanwhile.
      if (!isFailing)
        logger.warn({ layer: 'store', result: 'error', error }, 'Hours of metrics cannot be put together now');
      isFailing = true;
    }
  };
  const housekeeping = createHousekeeping({ work: run, everyMs, firstAfterMs });
  return { start: housekeeping.start, run, close: housekeeping.close };
}
