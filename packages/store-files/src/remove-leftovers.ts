import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { contentFile, temporaryFolder } from './artifact-path.ts';

/** Another process may be writing in the same folder right now: only what nobody has touched for so long is left over. */
const LEFT_OVER_AFTER_MS = 15 * 60_000;

/** Removes what processes left half written when they died. */
export async function removeLeftovers(root: string): Promise<void> {
  const folder = temporaryFolder(root);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const touchedAtMs = (await mtimeMs(contentFile(path))) ?? (await mtimeMs(path));
    if (touchedAtMs !== null && Date.now() - touchedAtMs > LEFT_OVER_AFTER_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}

async function mtimeMs(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return null;
  }
}
