import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** System under test on core 0; load generator, broker and sink on core 1. */
export const SYSTEM_CORE = '0';
export const OTHER_CORE = '1';

/** One program of `variants/`, running warm in a process of its own and pinned to a core. */
export interface Variant {
  readonly name: string;
  /** What it said when it was ready. */
  readonly ready: { readonly url?: string };
  /** Asks it something over IPC and waits for the answer. */
  ask<T>(question: unknown): Promise<T>;
  /** CPU time so far, user and system, microseconds. */
  cpuMicros(): number;
  stop(): Promise<void>;
}

export interface VariantOptions {
  readonly name: string;
  readonly file: string;
  readonly core?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}

const READY_MS = 60_000;

export async function startVariant({
  name,
  file,
  core = SYSTEM_CORE,
  env = {},
  nodeArgs = [],
}: VariantOptions): Promise<Variant> {
  const path = fileURLToPath(new URL(`../variants/${file}`, import.meta.url));
  const child = spawn('taskset', ['-c', core, process.execPath, ...nodeArgs, path], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  const ready = (await nextMessage(child, name)) as Variant['ready'];
  return {
    name,
    ready,
    async ask<T>(question: unknown) {
      const answer = nextMessage(child, name);
      child.send(question as object);
      return (await answer) as T;
    },
    cpuMicros: () => cpuMicros(child.pid as number),
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(killer);
    },
  };
}

async function nextMessage(child: ChildProcess, name: string): Promise<unknown> {
  const signal = AbortSignal.timeout(READY_MS);
  const ended = once(child, 'exit', { signal }).then(([code]) => {
    throw new Error(`variant ${name} ended with ${code}`);
  });
  ended.catch(() => {});
  const [message] = (await Promise.race([once(child, 'message', { signal }), ended])) as unknown[];
  return message;
}

/** utime and stime of /proc/<pid>/stat are in ticks of 10 ms. */
function cpuMicros(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}
