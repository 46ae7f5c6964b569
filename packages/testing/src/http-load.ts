import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const client = fileURLToPath(new URL('http-load-client.ts', import.meta.url));

export interface HttpLoad {
  readonly url: string;
  /** JSON, the same for every request. */
  readonly body: string;
  readonly seconds: number;
  readonly connections: number;
  /** An open loop at this rate; null: a closed one, each connection asks again when it is answered. */
  readonly perSecond: number | null;
  /** An open loop comes evenly, or with a seed as many clients that know nothing of each other: at random (Poisson). */
  readonly seed?: number;
}

export interface HttpLoadResult {
  /** By status; `unanswered` for those that had no answer ten seconds after the end. */
  readonly answers: Readonly<Record<string, number>>;
  readonly acceptedPerSecond: number;
  /** Answers of 429 and 503 that do not say when to come again. */
  readonly withoutRetryAfter: number;
  /** Of the accepted ones, from when they were due. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * POSTs from a process of its own, in an open loop at a fixed rate of arrival, whether or not earlier ones were answered: each is
 * timed from when it was due, so that a stall is felt by everybody who would have come during it (no coordinated omission).
 * `core`: pins the client, so that it takes nothing from what it measures.
 */
export async function loadOverHttp(load: HttpLoad, { core }: { readonly core?: string } = {}): Promise<HttpLoadResult> {
  const [command = '', ...args] = [...(core === undefined ? [] : ['taskset', '-c', core]), process.execPath, client];
  const { stdout } = await run(command, [...args, JSON.stringify(load)]);
  return JSON.parse(stdout) as HttpLoadResult;
}
