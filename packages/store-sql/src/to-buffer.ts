/** Bytes of a column as a Buffer on the same memory: Postgres gives one, SQLite a plain array. */
export function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
