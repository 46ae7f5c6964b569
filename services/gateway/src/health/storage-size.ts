import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** How much lies in a folder, looked at now and then. */
export interface StorageSize {
  start(): void;
  usedBytes(): number;
  close(): void;
}

const EVERY_MS = 60_000;
const MAX_FILES = 50_000;

export function createStorageSize(folder: string | null): StorageSize {
  let used = 0;
  let isLooking = false;
  let timer: NodeJS.Timeout | undefined;

  const look = async (root: string): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    used = await sumFiles(root).catch(() => used);
    isLooking = false;
  };

  return {
    start() {
      if (folder === null || timer) return;
      timer = setInterval(() => void look(folder), EVERY_MS);
      timer.unref();
      void look(folder);
    },
    usedBytes: () => used,
    close() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/** Files come and go meanwhile: one that is gone counts as nothing. */
async function sumFiles(root: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  let sum = 0;
  for (const entry of entries.slice(0, MAX_FILES)) {
    if (!entry.isFile()) continue;
    const facts = await stat(join(entry.parentPath, entry.name)).catch(() => null);
    sum += facts?.size ?? 0;
  }
  return sum;
}
