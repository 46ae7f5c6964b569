import { createHash } from 'node:crypto';

/** A key made of content, as SQLite keeps integers: the same content has the same key, and nothing has to be looked up. */
export function hashId(content: string): bigint {
  return firstBytes(createHash('sha1').update(content).digest());
}

export function firstBytes(hash: Buffer): bigint {
  return hash.readBigInt64BE(0);
}
