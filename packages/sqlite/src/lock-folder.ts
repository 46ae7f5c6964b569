import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { CannotOpenError, FolderInUseError } from './errors.ts';

export interface FolderLock {
  /** Gives the folder free. Safe to call twice. */
  release(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** How long a holder may take between locking and writing down its pid. */
const PID_WAIT_MS = 1_000;

/**
 * Makes this process the only one that works in `folder` (made when missing), or throws `FolderInUseError` with the
 * holder's pid. The lock is the kernel's, taken by SQLite on `lock.db`: it ends with the process, however that ends, so
 * nothing stale can stay behind. The pid lies beside it in `lock.pid`, since a locked file cannot be read.
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const pidFile = join(folder, 'lock.pid');
  const deadline = Date.now() + PID_WAIT_MS;
  for (;;) {
    const database = tryLock(folder);
    if (database) {
      writePid(folder, pidFile, database);
      return folderLock(database);
    }
    const pid = readPid(pidFile);
    // The pid of a dead process: its successor holds the lock and has not written its own yet.
    if ((pid !== null && isAlive(pid)) || Date.now() > deadline) throw new FolderInUseError(folder, pid);
    await sleep(20);
  }
}

/** A few system calls on this thread, once, before the process listens: a thread of its own would cost more. */
function tryLock(folder: string): DatabaseSync | null {
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(folder, { recursive: true });
    // SQLite only says that it cannot open its file; this says why.
    accessSync(folder, constants.W_OK);
    const file = join(folder, 'lock.db');
    database = new DatabaseSync(file, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    // On a file that it may only read SQLite takes a lock that others can share.
    accessSync(file, constants.W_OK);
    return database;
  } catch (error) {
    database?.close();
    if (isBusy(error)) return null;
    throw cannotLock(folder, error);
  }
}

/** A connection that nobody holds is closed by the garbage collector, and its lock with it. */
const held = new Set<DatabaseSync>();

function folderLock(database: DatabaseSync): FolderLock {
  held.add(database);
  const release = async () => {
    if (held.delete(database)) database.close();
  };
  return { release, [Symbol.asyncDispose]: release };
}

function writePid(folder: string, pidFile: string, database: DatabaseSync): void {
  try {
    writeFileSync(pidFile, `${process.pid}\n`);
  } catch (error) {
    database.close();
    throw cannotLock(folder, error);
  }
}

function readPid(pidFile: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const SQLITE_BUSY = 5;

function isBusy(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY;
}

function cannotLock(folder: string, error: unknown): CannotOpenError {
  const reason = error instanceof Error ? error.message : String(error);
  return new CannotOpenError(folder, `The folder ${folder} cannot be used: ${reason}.`, { cause: error });
}
