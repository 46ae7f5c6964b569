import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { until } from '@tracepost/testing';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export interface RunningProcess {
  readonly child: ChildProcess;
  /** What it has written so far, both streams. */
  output(): string;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface ProcessOptions {
  /** Below the project's folder. */
  readonly folder: string;
  /** What follows `node`. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Answers 200 once it is ready. */
  readonly readyUrl: string;
}

/** One service as it is shipped, in a process of its own; given when it is ready. */
export async function startProcess({ folder, args, env, readyUrl }: ProcessOptions): Promise<RunningProcess> {
  const child = spawn(process.execPath, args, {
    cwd: `${root}${folder}`,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing of the surroundings: a variable of the machine must not decide what is compared.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (part) => {
      written = (written + part).slice(-20_000);
    });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    const killer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(killer);
  };
  try {
    await until(
      async () => {
        if (child.exitCode !== null) return 'ended';
        return (await fetch(readyUrl)).ok && 'ready';
      },
      { timeoutMs: 90_000, everyMs: 100, what: `${folder} to be ready` },
    ).then((state) => {
      if (state === 'ended') throw new Error(`${folder} ended with ${child.exitCode}`);
    });
  } catch (error) {
    await stop('SIGKILL');
    throw new Error(`${(error as Error).message}\n${written}`, { cause: error });
  }
  return { child, output: () => written, stop };
}
