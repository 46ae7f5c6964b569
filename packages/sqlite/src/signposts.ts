import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

export interface SignpostOptions {
  readonly path: string;
  readonly source: DatabaseSync;
  readonly table: string;
  /** By how many columns it is ordered. */
  readonly keyCount: number;
}

export interface Signpost {
  readonly keys: readonly SQLInputValue[];
  /** A row of the upper page itself, as they are in a table without rowids; else the last place on the left of it. */
  readonly isRow: boolean;
}

/**
 * What the upper pages of a table say of the lower ones, in its order: between two signposts lies one of them. Of a damaged file these are
 * places where to try, no more: hardly anything is checked here. The format: https://www.sqlite.org/fileformat2.html
 */
export function* findSignposts({ path, source, table, keyCount }: SignpostOptions): Iterable<Signpost> {
  const root = source.prepare(`SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?`).get(table);
  if (typeof root?.rootpage !== 'number') return;
  const pages = openPages(path);
  try {
    yield* walk({ pages, keyCount, seen: new Set() }, root.rootpage);
  } finally {
    pages.close();
  }
}

/** The first byte of an upper page. */
const WITH_ROWS = 2;
const WITH_ROWIDS = 5;
const HEADER_BYTES = 12;

interface Tree {
  readonly pages: Pages;
  readonly keyCount: number;
  /** Damaged pages may point in a circle. */
  readonly seen: Set<number>;
}

function* walk(tree: Tree, page: number): Iterable<Signpost> {
  if (tree.seen.has(page)) return;
  tree.seen.add(page);
  const bytes = tree.pages.read(page);
  if (bytes === null || (bytes[0] !== WITH_ROWS && bytes[0] !== WITH_ROWIDS)) return;
  const isRow = bytes[0] === WITH_ROWS;
  const cells = bytes.readUInt16BE(3);
  for (let cell = 0; cell < cells; cell += 1) {
    const at = HEADER_BYTES + cell * 2;
    if (at + 2 > bytes.length) return;
    const start = bytes.readUInt16BE(at);
    if (start + 4 > bytes.length) continue;
    yield* walk(tree, bytes.readUInt32BE(start));
    const content = bytes.subarray(start + 4);
    const keys = isRow ? readKey(content, tree.keyCount) : readRowid(content);
    if (keys !== null) yield { keys, isRow };
  }
  yield* walk(tree, bytes.readUInt32BE(8));
}

function readRowid(cell: Buffer): SQLInputValue[] | null {
  let value = 0n;
  for (const [place, byte] of cell.subarray(0, 9).entries()) {
    // The ninth byte counts as a whole.
    if (place === 8) return [BigInt.asIntN(64, value * 256n + BigInt(byte))];
    value = value * 128n + BigInt(byte & 0x7f);
    if (byte < 0x80) return [value];
  }
  return null;
}

/** The first columns of a row, null when they do not lie in this page as a whole. */
function readKey(cell: Buffer, count: number): SQLInputValue[] | null {
  try {
    const payload = readVarint(cell, 0);
    const header = readVarint(cell, payload.end);
    let type = header.end;
    let value = payload.end + header.value;
    const key: SQLInputValue[] = [];
    while (key.length < count) {
      if (type >= payload.end + header.value) return null;
      const serial = readVarint(cell, type);
      const length = lengthOf(serial.value);
      if (value + length > cell.length) return null;
      key.push(readValue(serial.value, cell.subarray(value, value + length)));
      type = serial.end;
      value += length;
    }
    return key;
  } catch {
    return null;
  }
}

function lengthOf(serialType: number): number {
  if (serialType >= 12) return Math.floor((serialType - 12) / 2);
  return [0, 1, 2, 3, 4, 6, 8, 8, 0, 0][serialType] ?? 0;
}

function readValue(serialType: number, bytes: Buffer): SQLInputValue {
  if (serialType >= 12) return serialType % 2 === 0 ? new Uint8Array(bytes) : bytes.toString('utf8');
  if (serialType === 0) return null;
  if (serialType === 7) return bytes.readDoubleBE(0);
  if (serialType >= 8) return BigInt(serialType - 8);
  return BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`));
}

/** Seven bits a byte, the highest first, as long as the top bit is set. Those of nine bytes belong to no length that there is. */
function readVarint(bytes: Buffer, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let place = at; place < at + 8; place += 1) {
    const byte = bytes.readUInt8(place);
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return { value, end: place + 1 };
  }
  throw new RangeError('too long');
}

interface Pages {
  /** Null when it is not there. */
  read(page: number): Buffer | null;
  close(): void;
}

/** The pages of a database as its last transaction left them: in its log, or else in the file. */
function openPages(path: string): Pages {
  const file = openSync(path, 'r');
  const log = existsSync(`${path}-wal`) ? openSync(`${path}-wal`, 'r') : null;
  const header = readAt(file, 0, 100) ?? Buffer.alloc(100);
  // A length that does not fit into its two bytes is written as 1.
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const inLog = log === null ? new Map<number, number>() : pagesInLog(log, statSync(`${path}-wal`).size, pageBytes);
  return {
    read(page) {
      const place = inLog.get(page);
      try {
        if (log !== null && place !== undefined) return readAt(log, place, pageBytes);
        return page > 0 ? readAt(file, (page - 1) * pageBytes, pageBytes) : null;
      } catch {
        return null;
      }
    },
    close() {
      closeSync(file);
      if (log !== null) closeSync(log);
    },
  };
}

const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** Where the newest copy of each page lies in the log, up to the end of its last transaction. */
function pagesInLog(log: number, logBytes: number, pageBytes: number): ReadonlyMap<number, number> {
  const committed = new Map<number, number>();
  const open = new Map<number, number>();
  const salt = readAt(log, 16, 8);
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = LOG_HEADER_BYTES; at + frameBytes <= logBytes; at += frameBytes) {
    const frame = readAt(log, at, FRAME_HEADER_BYTES);
    // What an older log left behind the end of this one.
    if (frame === null || salt === null || !frame.subarray(8, 16).equals(salt)) break;
    open.set(frame.readUInt32BE(0), at + FRAME_HEADER_BYTES);
    if (frame.readUInt32BE(4) === 0) continue;
    for (const [page, place] of open) committed.set(page, place);
    open.clear();
  }
  return committed;
}

function readAt(file: number, at: number, length: number): Buffer | null {
  const bytes = Buffer.alloc(length);
  return readSync(file, bytes, 0, length, at) === length ? bytes : null;
}
