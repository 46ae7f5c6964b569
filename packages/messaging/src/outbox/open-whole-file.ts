import { rename } from 'node:fs/promises';
import { CannotOpenError } from '@tracepost/sqlite';
import { OutboxFile } from './outbox-file.ts';
import { decodeRow, type Row } from './row.ts';

export interface OpenedFile {
  readonly file: OutboxFile;
  /** What was found damaged and put under another name; null when all was well. */
  readonly setAside: SetAside | null;
}

export interface SetAside {
  readonly path: string;
  readonly reason: string;
  /** Messages that could still be read and were taken over. */
  readonly saved: number;
}

/**
 * Opens the file and looks at every page of it. A damaged one is kept under another name, for whoever wants to look, and an empty
 * one takes its place with everything that could still be read. Rejects with `CannotOpenError` when it is in use, not permitted, or newer.
 */
export async function openWholeFile(path: string): Promise<OpenedFile> {
  const reason = await tryOpen(path);
  if (reason instanceof OutboxFile) return { file: reason, setAside: null };
  const aside = `${path}.damaged-${new Date().toISOString().replaceAll(/[:.]/g, '-')}`;
  // The log first: without its file it is nothing, while a file without its log would look whole.
  for (const suffix of ['-wal', '-shm', '']) await renameIfThere(path + suffix, aside + suffix);
  const file = await OutboxFile.open(path);
  return { file, setAside: { path: aside, reason, saved: await saveReadable(aside, file) } };
}

/** The open file, or how it is damaged. */
async function tryOpen(path: string): Promise<OutboxFile | string> {
  let file: OutboxFile;
  try {
    file = await OutboxFile.open(path);
  } catch (error) {
    if (error instanceof CannotOpenError && error.isDamaged) return error.message;
    throw error;
  }
  try {
    const damage = await file.findDamage();
    if (damage === null) return file;
    await file.close();
    return damage;
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** From both ends towards the damage, since what lies behind it can be reached from the other side only. */
async function saveReadable(path: string, target: OutboxFile): Promise<number> {
  let damaged: OutboxFile;
  try {
    damaged = await OutboxFile.open(path);
  } catch {
    return 0;
  }
  try {
    const forwards = await copyReadable(damaged, target, {
      isBackwards: false,
      from: -1,
      until: Number.MAX_SAFE_INTEGER,
    });
    const backwards = { isBackwards: true, from: Number.MAX_SAFE_INTEGER, until: forwards.last };
    return forwards.count + (await copyReadable(damaged, target, backwards)).count;
  } finally {
    await damaged.close();
  }
}

interface Walk {
  readonly isBackwards: boolean;
  readonly from: number;
  /** Not this one any more. */
  readonly until: number;
}

async function copyReadable(
  damaged: OutboxFile,
  target: OutboxFile,
  { isBackwards, from, until }: Walk,
): Promise<{ readonly count: number; readonly last: number }> {
  const isWithin = (sequence: number, last: number): boolean =>
    isBackwards ? sequence < last && sequence > until : sequence > last && sequence < until;
  let last = from;
  let count = 0;
  let rows: Row[] = [];
  const flush = async (): Promise<void> => {
    if (rows.length === 0) return;
    await target.insert(rows);
    count += rows.length;
    rows = [];
  };
  for (;;) {
    const row = await damaged.step(last, { isBackwards }).catch(() => null);
    if (row === null || !isWithin(row.sequence, last)) break;
    last = row.sequence;
    if (decodeRow(row) !== null) rows.push(row);
    if (rows.length >= ROWS_A_WRITE) await flush();
  }
  await flush();
  return { count, last };
}

const ROWS_A_WRITE = 20;
