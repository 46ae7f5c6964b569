import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';

export interface Damage {
  /** Processor time between two turns of its loop. */
  readonly longestTurnMs: number;
  /** What it holds once garbage is collected: heap and buffers. */
  readonly heldBytes: number;
  /** What the system has given it; of that much is free again, and kept by V8 and the allocator for more of the same. */
  readonly residentBytes: number;
  /** Since the process began. */
  readonly peakBytes: number;
  /** `signal reason` of what was refused, `taken signal` of what was taken. */
  readonly counts: Readonly<Record<string, number>>;
  readonly lines: number;
}

export interface Victim {
  readonly httpUrl: string;
  readonly grpcAddress: string;
  /**
   * Runs the attack, then asks for what holds in each: it lives, it takes what is right as before, no turn of its loop was longer
   * than 200 ms, what it holds did not grow by more than 64 MiB, and its resident memory neither.
   */
  attack(work: () => Promise<void>): Promise<Damage>;
}

const VICTIM = fileURLToPath(new URL('victim.ts', import.meta.url));
const MEBIBYTE = 1_048_576;

export function useVictim(isAlive: (victim: Victim) => Promise<boolean>): Victim {
  let child: ChildProcess;
  let urls = { httpUrl: '', grpcAddress: '' };
  let asked = 0;

  beforeAll(async () => {
    // With the flags of `npm start`, and one to collect garbage before it is measured.
    child = fork(VICTIM, {
      execArgv: ['--max-semi-space-size=4', '--heap-growing-percent=50', '--expose-gc'],
      env: {
        ...process.env,
        MALLOC_ARENA_MAX: '2',
        MALLOC_MMAP_THRESHOLD_: '131072',
        MALLOC_TRIM_THRESHOLD_: '1048576',
      },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    [urls] = (await once(child, 'message')) as [typeof urls];
    // What loads late and what is compiled is not part of an attack.
    for (let time = 0; time < 30; time += 1) await isAlive(victim);
  });
  afterAll(async () => {
    if (child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.send({ word: 'close' });
    expect(await ended).toEqual([0, null]);
  });

  const ask = async (word: 'begin' | 'end'): Promise<Damage> => {
    asked += 1;
    const id = asked;
    const told = new Promise<Damage>((resolve) => {
      const listen = (message: Damage & { readonly id: number }): void => {
        if (message.id !== id) return;
        child.off('message', listen);
        resolve(message);
      };
      child.on('message', listen);
    });
    child.send({ word, id });
    return told;
  };
  const victim: Victim = {
    get httpUrl() {
      return urls.httpUrl;
    },
    get grpcAddress() {
      return urls.grpcAddress;
    },
    async attack(work) {
      const before = await ask('begin');
      await work();
      const after = await ask('end');
      expect(after.longestTurnMs).toBeLessThan(200);
      expect((after.heldBytes - before.heldBytes) / MEBIBYTE).toBeLessThan(64);
      expect((after.residentBytes - before.residentBytes) / MEBIBYTE).toBeLessThan(64);
      expect(Object.keys(after.counts).filter((words) => words.startsWith('unhandled'))).toEqual([]);
      expect(await isAlive(victim)).toBe(true);
      return after;
    },
  };
  return victim;
}
