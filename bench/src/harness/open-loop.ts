import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { OTHER_CORE } from './variant.ts';

const run = promisify(execFile);
const client = fileURLToPath(new URL('../variants/open-loop-client.ts', import.meta.url));

export interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly failed: number;
}

export interface OpenLoop {
  readonly url: string;
  readonly body: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/**
 * POSTs at a fixed rate of arrival, whether or not earlier ones were answered; each is timed from when it was due, so that a
 * stall is felt by everybody who would have come during it (no coordinated omission). From a process of its own on the other core:
 * in this one it would share a core with whatever is measured, and its own pauses would count as the gateway's.
 */
export async function openLoop(load: OpenLoop): Promise<Latencies> {
  const { stdout } = await run('taskset', ['-c', OTHER_CORE, process.execPath, client, JSON.stringify(load)]);
  return JSON.parse(stdout) as Latencies;
}
