import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { OTHER_CORE } from './variant.ts';

export interface LoadResult {
  /** Answers with the wanted status. */
  readonly done: number;
  /** Everything else: other statuses, errors, timeouts. */
  readonly failed: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoadOptions {
  readonly url: string;
  readonly body: string;
  readonly seconds: number;
  readonly connections: number;
  /** `[<id>]` in the body becomes another word in each request. */
  readonly isVaried?: boolean;
}

const autocannon = createRequire(import.meta.url).resolve('autocannon');

/** Closed-loop POSTs from a process of its own on the other core. */
export async function loadHttp({
  url,
  body,
  seconds,
  connections,
  isVaried = false,
}: LoadOptions): Promise<LoadResult> {
  const child = spawn(
    'taskset',
    [
      '-c',
      OTHER_CORE,
      process.execPath,
      autocannon,
      '-j',
      ...(isVaried ? ['-I'] : []),
      '-m',
      'POST',
      '-c',
      String(connections),
      '-d',
      String(seconds),
      '-H',
      'content-type=application/json',
      '-b',
      body,
      url,
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  let output = '';
  child.stdout.on('data', (part) => {
    output += part;
  });
  await new Promise((resolve) => child.once('close', resolve));
  const result = JSON.parse(output) as {
    '2xx': number;
    non2xx: number;
    errors: number;
    timeouts: number;
    duration: number;
    latency: { p50: number; p99: number; max: number };
  };
  return {
    done: result['2xx'],
    failed: result.non2xx + result.errors + result.timeouts,
    perSecond: result['2xx'] / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    maxMs: result.latency.max,
  };
}
