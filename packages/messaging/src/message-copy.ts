import type { HeaderValue, IncomingMessage, OutgoingMessage } from './broker.ts';

/** Of headers that mean nothing to us. */
const MAX_FOREIGN_HEADERS = 50;
const MAX_FOREIGN_LENGTH = 2_000;
/** A header of ours longer than this is not read by anybody. */
const MAX_OWN_LENGTH = 8 * 1024;
/** All properties of an AMQP message have 64 KiB together. */
const MAX_HEADERS_BYTES = 56 * 1024;

/**
 * The same message for one other queue, with `headers` over its own. Everything travels on that says what the message is. What would
 * have the broker treat it in another way does not: expiration (the copy would leave its queue at another time), user id (has to be
 * the publisher's own), CC and BCC (other queues), and what the broker wrote itself.
 */
export function copyMessage(
  message: IncomingMessage,
  queue: string,
  headers: Readonly<Record<string, HeaderValue>>,
): OutgoingMessage {
  const { exchange: _exchange, routingKey: _routingKey, headers: foreign, replyTo, ...rest } = message;
  return {
    ...rest,
    // A name that belongs to one connection: the broker closes the channel of any other that uses it.
    ...(replyTo === undefined || replyTo === 'amq.rabbitmq.reply-to' ? {} : { replyTo }),
    exchange: '',
    routingKey: queue,
    mandatory: true,
    headers: boundedHeaders(foreign, headers),
  };
}

function boundedHeaders(
  all: Readonly<Record<string, unknown>>,
  added: Readonly<Record<string, HeaderValue>>,
): Record<string, HeaderValue> {
  const copied: Record<string, HeaderValue> = { ...added };
  let bytes = 0;
  for (const [name, value] of Object.entries(added)) bytes += sizeOf(name, value);
  let foreignCount = 0;
  for (const name of ownNamesFirst(all)) {
    const isOwn = OWN_HEADERS.has(name.toLowerCase());
    // An own header in other letters must not stand beside the one that replaces it.
    if (BROKER_HEADERS.has(name) || Object.hasOwn(added, isOwn ? name.toLowerCase() : name)) continue;
    if (!isOwn && foreignCount === MAX_FOREIGN_HEADERS) break;
    const value = plainValue(all[name], isOwn);
    if (value === null || bytes + sizeOf(name, value) > MAX_HEADERS_BYTES) continue;
    if (!isOwn) foreignCount += 1;
    bytes += sizeOf(name, value);
    copied[name] = value;
  }
  return copied;
}

function ownNamesFirst(headers: Readonly<Record<string, unknown>>): string[] {
  const names = Object.keys(headers);
  const isOwn = (name: string): boolean => OWN_HEADERS.has(name.toLowerCase());
  return [...names.filter(isOwn), ...names.filter((name) => !isOwn(name))];
}

/** What a header table may hold besides texts and numbers is written as text. */
function plainValue(value: unknown, isOwn: boolean): HeaderValue | null {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  const text = Buffer.isBuffer(value) ? value.toString('utf8') : typeof value === 'string' ? value : asJson(value);
  if (text === null) return null;
  // Cut, one of ours would say something else.
  if (isOwn) return text.length > MAX_OWN_LENGTH ? null : text;
  return text.slice(0, MAX_FOREIGN_LENGTH);
}

function asJson(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  try {
    return JSON.stringify(value) ?? null;
  } catch {
    // Tables in tables, deeper than the stack.
    return null;
  }
}

function sizeOf(name: string, value: HeaderValue): number {
  return Buffer.byteLength(name) + (typeof value === 'string' ? Buffer.byteLength(value) : 8) + 6;
}

const OWN_HEADERS: ReadonlySet<string> = new Set([
  'traceparent',
  'tracestate',
  'baggage',
  'mt-activity-id',
  'x-tenant-id',
  'x-envelope-version',
  'x-published-at-ms',
  'x-attempt',
  'x-attempts',
  'x-copy',
  'x-retry-at-ms',
  'x-back-off-ms',
  'x-dead-reason',
  'x-dead-at-ms',
]);

const BROKER_HEADERS: ReadonlySet<string> = new Set([
  'CC',
  'BCC',
  'x-death',
  'x-delivery-count',
  'x-acquired-count',
  'x-first-death-exchange',
  'x-first-death-queue',
  'x-first-death-reason',
  'x-last-death-exchange',
  'x-last-death-queue',
  'x-last-death-reason',
]);
