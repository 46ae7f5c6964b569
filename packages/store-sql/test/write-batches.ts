import { readFileSync } from 'node:fs';
import type { TaskEvent } from '@tracepost/contracts';
import { createTelemetry } from '@tracepost/telemetry';
import { openPostgresRecordStore, openSqliteRecordStore } from '../src/index.ts';

// Run as a process of its own, to be killed: writes batch after batch from the one that is named on, and tells of each
// when it is through.

export type Database =
  | { readonly kind: 'sqlite'; readonly path: string }
  | {
      readonly kind: 'postgres';
      readonly host: string;
      readonly port: number;
      readonly database: string;
      readonly user: string;
      readonly password: string;
    };

const [database = '{}', file = '', first = '0'] = process.argv.slice(2);
const telemetry = createTelemetry({ serviceName: 'test' });
const options = JSON.parse(database) as Database;
const store =
  options.kind === 'sqlite'
    ? await openSqliteRecordStore({ path: options.path, telemetry })
    : await openPostgresRecordStore({ ...options, telemetry });
const batches = JSON.parse(readFileSync(file, 'utf8')) as TaskEvent[][];
for (let index = Number(first); index < batches.length; index++) {
  await store.applyTaskEvents(batches[index] ?? []);
  process.stdout.write(`${index}\n`);
}
await store.close();
