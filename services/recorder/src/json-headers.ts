import { AMQP_PROPERTY_PREFIX } from '@tracepost/contracts';
import type { IncomingMessage } from '@tracepost/messaging';

const MAX_HEADERS = 100;
const MAX_NAME = 128;
/** An attempt history has up to 8 KiB. */
const MAX_TEXT = 16 * 1024;
const MAX_ITEMS = 50;
const MAX_DEPTH = 4;

/** A message's headers as JSON, Buffers as text, within bounds; its properties stand among them as `amqp.{name}`. */
export function jsonHeaders(message: IncomingMessage): Record<string, unknown> {
  const { headers, messageId, type, appId, correlationId, timestamp, priority, contentType } = message;
  const properties = {
    message_id: messageId,
    type,
    app_id: appId,
    correlation_id: correlationId,
    timestamp,
    priority,
    content_type: contentType,
  };
  const written: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(properties)) {
    if (value !== undefined) written[AMQP_PROPERTY_PREFIX + name] = jsonValue(value, 0);
  }
  for (const [name, value] of Object.entries(headers).slice(0, MAX_HEADERS)) {
    // Ours are not a foreign client's to say.
    if (!name.startsWith(AMQP_PROPERTY_PREFIX)) written[name.slice(0, MAX_NAME)] = jsonValue(value, 0);
  }
  return written;
}

function jsonValue(value: unknown, depth: number): unknown {
  if (Buffer.isBuffer(value)) return value.toString('utf8').slice(0, MAX_TEXT);
  if (typeof value === 'string') return value.slice(0, MAX_TEXT);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return null;
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => jsonValue(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, MAX_ITEMS)
      .map(([name, item]) => [name.slice(0, MAX_NAME), jsonValue(item, depth + 1)]),
  );
}
