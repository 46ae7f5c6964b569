/** All properties of an AMQP message, its headers among them, have 64 KiB together in the client library. */
export const MAX_HEADERS_LENGTH = 64 * 1024;

/** Of names, texts and bytes; tables and arrays, which the broker bounds too, are not opened. Runs for every message. */
export function headersLength(headers: Readonly<Record<string, unknown>>): number {
  let length = 0;
  for (const name in headers) {
    const value = headers[name];
    length += name.length + (typeof value === 'string' || Buffer.isBuffer(value) ? value.length : 8);
  }
  return length;
}
