import { measureStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { type GatherOptions, gather } from './gather.ts';
import { tellRefusal } from './refusal.ts';

/** How the calls of a store reach the database: measured, made again where that helps, refused where it never will. */
export interface Statements {
  read<T>(operation: string, work: () => Promise<T>): Promise<T>;
  write<T>(operation: string, work: () => Promise<T>): Promise<T>;
  /** A write that many make at the same time, each about something of its own. */
  batched<Call, Outcome>(operation: string, options: GatherOptions<Call, Outcome>): (call: Call) => Promise<Outcome>;
}

export interface StatementsOptions {
  /** `db.system.name`. */
  readonly system: 'postgresql' | 'sqlite';
  readonly telemetry: Pick<Telemetry, 'metrics'>;
  /** Runs a write that the database may break off for the sake of another one, again. */
  readonly retry: <T>(write: () => Promise<T>) => Promise<T>;
}

export function createStatements({ system, telemetry, retry }: StatementsOptions): Statements {
  const measured = <T>(operation: string, work: () => Promise<T>) =>
    measureStore(telemetry, { system, operation }, work);
  const safe = <T>(work: () => Promise<T>) => tellRefusal(() => retry(work));
  return {
    read: measured,
    write: (operation, work) => measured(operation, () => safe(work)),
    batched(operation, options) {
      const run = (calls: Parameters<typeof options.run>[0]) => safe(() => options.run(calls));
      const send = system === 'postgresql' ? gather({ ...options, run }) : alone(run);
      return (call) => measured(operation, () => send(call));
    },
  };
}

/** SQLite's writer thread lets statements that arrive together share one fsync: gathering them first gains nothing. */
function alone<Call, Outcome>(
  run: (calls: readonly Call[]) => Promise<readonly Outcome[]>,
): (call: Call) => Promise<Outcome> {
  return async (call) => (await run([call]))[0] as Outcome;
}
