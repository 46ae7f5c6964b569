import { randomHex } from '@tracepost/telemetry';

/**
 * A UUIDv7 whose ids rise within a millisecond too (RFC 9562, 6.2, method 1: a counter in `rand_a`): of values that are recorded
 * at one time, the one that came last has the highest id.
 */
export function createEventId(nowMs: number): string {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = 0;
  } else if (++counter > 0xfff) {
    // Into the next millisecond, which is only a little early; also when the clock was set back.
    lastMs++;
    counter = 0;
  }
  const time = lastMs.toString(16).padStart(12, '0');
  const random = randomHex(16);
  const variant = VARIANTS[random.charCodeAt(0) & 3] ?? '8';
  const count = counter.toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${variant}${random.slice(1, 4)}-${random.slice(4, 16)}`;
}

const VARIANTS = ['8', '9', 'a', 'b'] as const;

let lastMs = 0;
let counter = 0;
