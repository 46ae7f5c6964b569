import {
  faultOfRecordedEvent,
  faultOfRecordedMetric,
  MAX_RECORDED_AT_ONCE,
  type RecordedEvent,
  type RecordedMetric,
} from '@tracepost/contracts';
import type { Broker, IncomingMessage, PublishOutcome } from './broker.ts';
import { EVENTS_EXCHANGE, RECORD_EVENT_KEY, RECORD_METRIC_KEY } from './topology.ts';

export type RecordKey = typeof RECORD_EVENT_KEY | typeof RECORD_METRIC_KEY;

/** The body of a message of several entries, each written as JSON already: an array of them. */
export function recordedBody(entries: readonly string[]): Buffer {
  return Buffer.from(entries.length === 1 ? (entries[0] ?? '') : `[${entries.join(',')}]`);
}

/** Never throws. `confirmed`: it lies durably in the analyst's queue; without such a queue it is `unroutable`. */
export function publishRecorded(
  broker: Pick<Broker, 'publish'>,
  { key, body }: { readonly key: RecordKey; readonly body: Buffer },
): Promise<PublishOutcome> {
  return broker.publish({
    exchange: EVENTS_EXCHANGE,
    routingKey: key,
    mandatory: true,
    body,
    headers: {},
    type: key,
    timestamp: Math.floor(Date.now() / 1000),
    contentType: 'application/json',
  });
}

export type ReadRecorded =
  | { readonly kind: 'events'; readonly events: readonly RecordedEvent[] }
  | { readonly kind: 'metrics'; readonly metrics: readonly RecordedMetric[] }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** What the door lets in comes to less, a full array of large entries included. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_DEPTH = 40;

/** Tells by the routing key what a message is, and checks it, since anybody on the broker may have sent it; never throws. */
export function readRecorded(message: IncomingMessage): ReadRecorded {
  const { routingKey, body, contentEncoding } = message;
  if (routingKey !== RECORD_EVENT_KEY && routingKey !== RECORD_METRIC_KEY)
    return unreadable(`nothing is known of the routing key "${routingKey.slice(0, 100)}"`);
  if (contentEncoding !== undefined && contentEncoding !== 'identity' && contentEncoding !== '')
    return unreadable('the body is compressed, and nothing is unpacked here');
  if (body.length > MAX_BODY_BYTES) return unreadable(`the body has ${body.length} bytes, over ${MAX_BODY_BYTES}`);
  const content = parse(body);
  if (content === undefined) return unreadable('the body is not JSON');
  const entries: readonly unknown[] = Array.isArray(content) ? content : [content];
  if (entries.length === 0 || entries.length > MAX_RECORDED_AT_ONCE)
    return unreadable(`it has ${entries.length} entries, and 1 to ${MAX_RECORDED_AT_ONCE} are taken`);
  const faultOf = routingKey === RECORD_EVENT_KEY ? faultOfRecordedEvent : faultOfRecordedMetric;
  for (const [index, entry] of entries.entries()) {
    const fault = faultOfShape(entry) ?? faultOf(entry) ?? faultOfTime(entry as { timestamp: string });
    if (fault !== null) return unreadable(`entry ${index}: ${fault}`);
  }
  return routingKey === RECORD_EVENT_KEY
    ? { kind: 'events', events: entries as readonly RecordedEvent[] }
    : { kind: 'metrics', metrics: entries as readonly RecordedMetric[] };
}

function unreadable(reason: string): ReadRecorded {
  return { kind: 'unreadable', reason };
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** What whoever works on it next could stumble over, found without recursion: depth, and a key that reaches for a prototype. */
function faultOfShape(entry: unknown): string | null {
  let level: unknown[] = [entry];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return `it is nested deeper than ${MAX_DEPTH} levels`;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (Object.hasOwn(value, '__proto__')) return 'it has the key "__proto__"';
      for (const member of Object.values(value)) next.push(member);
    }
    level = next;
  }
  return null;
}

const EARLIEST_MS = Date.UTC(2000, 0);
const DAY_MS = 86_400_000;

function faultOfTime({ timestamp }: { readonly timestamp: string }): string | null {
  const ms = Date.parse(timestamp);
  return ms >= EARLIEST_MS && ms <= Date.now() + DAY_MS
    ? null
    : 'its timestamp names no time from the year 2000 to a day from now';
}
