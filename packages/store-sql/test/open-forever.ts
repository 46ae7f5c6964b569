import { openSqlite } from '@tracepost/sqlite';
import { recordSteps } from '../src/schema.ts';

// Run as a process of its own, to be killed: begins the upgrade of a file and does not come to its end in time.
const LONG_STEP = `create table filler as
  with recursive number (n) as (select 1 union all select n + 1 from number)
  select n, randomblob(1000) as bytes from number limit 500000`;

await openSqlite({ path: process.argv[2] ?? '', synchronous: 'FULL', schema: [...recordSteps('sqlite'), LONG_STEP] });
