import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from '@tracepost/testing';

export interface ServiceProcess extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  /** False once it has ended, by whatever hand. */
  readonly isRunning: boolean;
  /** As power loss or the kernel would: nothing is said, nothing is flushed. Waits for its end. */
  kill(): Promise<void>;
  /** Asks it to stop and waits; the milliseconds that it took. */
  terminate(): Promise<number>;
  pause(): void;
  resume(): void;
  /** Starts it again with the same settings; resolves when it is ready. */
  start(): Promise<void>;
  /** The last lines that it wrote, for a failed test. */
  readonly output: string;
}

export interface ServiceOptions {
  readonly name: string;
  readonly entry: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Most files and sockets that it may have open; as many as this process when none is given. */
  readonly openFiles?: number;
  readonly isReady: () => Promise<boolean>;
}

const READY_MS = 60_000;
const LAST_WORDS = 20_000;

/** A service of ours in a process of its own, which may be ended in any way and started again. */
export async function startProcess(options: ServiceOptions): Promise<ServiceProcess> {
  const { name, entry, cwd, env, openFiles, isReady } = options;
  let child: ChildProcess | null = null;
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = `${output}${chunk}`.slice(-LAST_WORDS);
  };

  const start = async (): Promise<void> => {
    const [command = '', ...args] = [
      // Node raises the soft limit to the hard one as it starts; a shell lowers both, and hands its pid over.
      ...(openFiles === undefined ? [] : ['sh', '-c', `ulimit -n ${openFiles} && exec "$@"`, 'sh']),
      process.execPath,
      ...['--import', '@tracepost/telemetry/start', entry],
    ];
    const started = spawn(command, args, {
      cwd,
      env: { PATH: process.env.PATH ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    await until(
      async () => {
        if (started.exitCode !== null) throw new Error(`${name} ended with ${started.exitCode}:\n${output}`);
        return await isReady();
      },
      { timeoutMs: READY_MS, everyMs: 100, what: `${name} to be ready` },
    ).catch((error: unknown) => {
      throw new Error(`${name} did not become ready:\n${output}`, { cause: error });
    });
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    ending.kill(signal);
    await ended;
  };

  await start();
  return {
    name,
    get isRunning() {
      return child !== null && child.exitCode === null && child.signalCode === null;
    },
    get pid() {
      return child?.pid ?? 0;
    },
    get output() {
      return output;
    },
    start,
    kill: () => end('SIGKILL'),
    async terminate() {
      const began = performance.now();
      await end('SIGTERM');
      return performance.now() - began;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    [Symbol.asyncDispose]: () => end('SIGKILL'),
  };
}
