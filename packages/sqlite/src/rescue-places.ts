import { closeSync, existsSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Where the files of one rescue lie. All carry the same time, so that a later process knows which belong together. */
export interface RescuePlaces {
  readonly path: string;
  /** The new file, as long as it is being made. That it is there says that a rescue was not finished. */
  readonly fresh: string;
  /** The name that the damaged file gets. */
  readonly setAside: string;
}

const FRESH = '.rescuing-';
const LOGS = ['-wal', '-shm'];

export function placesFor(path: string, now: Date): RescuePlaces {
  return placesAt(path, now.toISOString().replaceAll(/[:.]/g, '-'));
}

/** Sets the damaged file aside, with its log, and gives its name to the new one. Whatever happens in between, `undoRescue` finds its way back. */
export function putInPlace({ path, fresh, setAside }: RescuePlaces): void {
  // The file before its log: while there is a file under the name, nothing of it is elsewhere.
  for (const part of ['', ...LOGS]) moveIfThere(path + part, setAside + part);
  syncFolder(path);
  renameSync(fresh, path);
  syncFolder(path);
}

/**
 * Leaves nothing of rescues that were not finished, in this process or in one that died: what they had made is thrown away, and a damaged file
 * that was on its way aside is put back. Several may do it at once.
 */
export function undoRescue(path: string): void {
  for (const { fresh, setAside } of unfinished(path)) {
    if (!existsSync(path) && existsSync(setAside)) {
      for (const part of [...LOGS, '']) moveIfThere(setAside + part, path + part);
      syncFolder(path);
    }
    // The file last: it is the mark.
    for (const part of [...LOGS, '-journal', '']) rmSync(fresh + part, { force: true });
  }
}

function placesAt(path: string, time: string): RescuePlaces {
  return { path, fresh: `${path}${FRESH}${time}`, setAside: `${path}.damaged-${time}` };
}

function unfinished(path: string): RescuePlaces[] {
  const folder = dirname(path);
  const beginning = basename(path) + FRESH;
  return readdirSync(folder)
    .filter((name) => name.startsWith(beginning))
    .map((name) => name.slice(beginning.length))
    .filter((time) => /^[\dTZ-]+$/.test(time))
    .map((time) => placesAt(path, time));
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** A rename survives a loss of power once its folder is written. Windows opens no folders. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
