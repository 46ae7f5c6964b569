import { randomHex } from '@tracepost/telemetry';

/** A UUIDv7 (RFC 9562): sorts by time, so that records lie in the order in which their tasks came. */
export function createTaskId(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    const hex = now.toString(16).padStart(12, '0');
    timePart = `${hex.slice(0, 8)}-${hex.slice(8)}-7`;
  }
  const random = randomHex(16);
  const variant = VARIANTS[random.charCodeAt(3) & 3] ?? '8';
  return `${timePart}${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

const VARIANTS = ['8', '9', 'a', 'b'] as const;

// Many requests fall into one millisecond: its part of the id is written once.
let lastMs = 0;
let timePart = '';
