import { parentPort, workerData } from 'node:worker_threads';
import { openFile } from './open-file.ts';
import type { ThreadOptions } from './protocol.ts';
import { copyReadableRows } from './rescue-rows.ts';

const { damaged, target } = workerData as { readonly damaged: string; readonly target: ThreadOptions };
const database = openFile(target);
try {
  const found = copyReadableRows(damaged, database);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  parentPort?.postMessage(found);
} finally {
  database.close();
}
