import { parentPort, workerData } from 'node:worker_threads';
import { openFile } from './open-file.ts';
import type { ThreadOptions } from './protocol.ts';
import { copyReadableRows } from './rescue-rows.ts';

// Runs in a worker: reading a large damaged file takes a while, and everything else goes on meanwhile.
const { setAside, target } = workerData as { readonly setAside: string; readonly target: ThreadOptions };
const database = openFile(target);
try {
  parentPort?.postMessage(copyReadableRows(setAside, database));
} finally {
  database.close();
}
