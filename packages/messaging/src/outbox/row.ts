import { crc32 } from 'node:zlib';
import type { SqliteValue } from '@tracepost/sqlite';
import type { OutgoingMessage } from '../broker.ts';

/** A whole outgoing message as it lies in the file. */
export interface Row {
  readonly sequence: number;
  readonly agentId: string;
  readonly sentAtMs: number;
  /** Everything but the body, as JSON. */
  readonly properties: string;
  readonly body: Uint8Array;
  /** SQLite itself does not notice a bit that has turned over. */
  readonly checksum: number;
}

export const ROW_COLUMNS = 'sequence, agent_id AS agentId, sent_at_ms AS sentAtMs, properties, body, checksum';

export function encodeRow(
  { body, ...properties }: OutgoingMessage,
  place: Pick<Row, 'sequence' | 'agentId' | 'sentAtMs'>,
): Row {
  const text = JSON.stringify(properties);
  return { ...place, properties: text, body, checksum: checksumOf(place.agentId, text, body) };
}

/** About what it takes in the file. */
export function rowBytes({ agentId, properties, body }: Pick<Row, 'agentId' | 'properties' | 'body'>): number {
  return agentId.length + properties.length + body.length + ROW_OVERHEAD_BYTES;
}

const ROW_OVERHEAD_BYTES = 32;

/** Null when it is not what was written. */
export function decodeRow(row: Row): OutgoingMessage | null {
  const { agentId, properties, body, checksum } = row;
  if (typeof agentId !== 'string' || typeof properties !== 'string' || !(body instanceof Uint8Array)) return null;
  if (checksumOf(agentId, properties, body) !== checksum) return null;
  const known = JSON.parse(properties) as Omit<OutgoingMessage, 'body'>;
  return { ...known, body: Buffer.from(body.buffer, body.byteOffset, body.byteLength) };
}

export function rowParams(row: Row): SqliteValue[] {
  const { sequence, agentId, sentAtMs, properties, body, checksum } = row;
  return [sequence, agentId, sentAtMs, properties, body, checksum, rowBytes(row)];
}

function checksumOf(agentId: string, properties: string, body: Uint8Array): number {
  return crc32(body, crc32(properties, crc32(agentId)));
}
