/** A number however a client wrote it: as number, text or bytes. NaN for anything else, which may not even become a text. */
export function readNumber(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' || Buffer.isBuffer(value) ? Number(value.toString()) : Number.NaN;
}
