import { randomFillSync } from 'node:crypto';
import { isSpanContextValid, type SpanContext, TraceFlags } from '@opentelemetry/api';

/** W3C Trace Context, level 2: `00-<trace id>-<parent id>-<flags>`; longer forms belong to versions after 00. */
const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/**
 * Gives the caller's span, or null for anything that is not a valid traceparent: version ff, ids of zeros, upper case,
 * trailing junk in version 00. Never throws. https://www.w3.org/TR/trace-context-2/#traceparent-header
 */
export function parseTraceparent(value: string | undefined): SpanContext | null {
  const match = value === undefined || value.length > 256 ? null : TRACEPARENT.exec(value);
  if (!match) return null;
  const [, version, traceId = '', spanId = '', flags = '00', rest] = match;
  if (version === 'ff' || (version === '00' && rest !== undefined)) return null;
  const spanContext: SpanContext = {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  };
  return isSpanContextValid(spanContext) ? spanContext : null;
}

export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags & TraceFlags.SAMPLED ? '01' : '00'}`;
}

// Random bytes are drawn, and written as text, for many ids at once: either call is dearer than the id.
const pool = Buffer.allocUnsafe(16 * 256);
let digits = '';
let used = 0;

/** `bytes` random bytes as lower-case hex; never all zero in practice (2^-64 at worst). */
export function randomHex(bytes: 8 | 16): string {
  const length = 2 * bytes;
  if (used + length > digits.length) {
    digits = randomFillSync(pool).toString('hex');
    used = 0;
  }
  const hex = digits.slice(used, used + length);
  used += length;
  return hex;
}
