import type { IncomingMessage, OutgoingMessage } from '../broker.ts';

/** A published message as its consumers will see it, independent of the publisher's buffer. */
export function toIncoming({ mandatory: _, ...message }: OutgoingMessage): IncomingMessage {
  // Not from Buffer's shared pool: one small body would keep its neighbours' memory alive.
  const body = Buffer.allocUnsafeSlow(message.body.length);
  message.body.copy(body);
  return { ...message, headers: { ...message.headers }, body };
}

export function toProperties({ body: _, ...properties }: IncomingMessage): string {
  return JSON.stringify(properties);
}

/** Null when its properties cannot be read: SQLite does not notice a bit that has turned over. */
export function fromRow({
  properties,
  body,
}: {
  readonly properties: string;
  readonly body: Uint8Array;
}): IncomingMessage | null {
  try {
    const known = JSON.parse(properties) as Omit<IncomingMessage, 'body'>;
    return { ...known, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
  } catch {
    return null;
  }
}
