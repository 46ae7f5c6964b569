import type { HrTime } from '@opentelemetry/api';

const NANOS_PER_MS = 1_000_000;
const NANOS_PER_MICRO = 1_000;

/**
 * Gives each log record a time of its own. The SDK knows milliseconds; two equal lines within one would be the same row to every store, and
 * could not be told from one line that was sent twice. The microseconds say in which order they were written: whole ones, since a store
 * may use what is below them. Nobody writes a thousand lines in a millisecond.
 */
export function createLogOrder(): (time: HrTime) => HrTime {
  let last = 0;
  return ([seconds, nanos]) => {
    // Whoever gave a finer time of its own meant it.
    if (nanos % NANOS_PER_MS !== 0) return [seconds, nanos];
    last = (last % 999) + 1;
    return [seconds, nanos + last * NANOS_PER_MICRO];
  };
}
