import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandContext } from '../command.ts';
import { CommandFailure, InterruptedError } from '../failures.ts';

/** So long others may keep the gateway busy, which works on few questions about many sessions at a time. */
const PATIENCE_MS = 30_000;
const PAUSE_MS = 1_000;

/** Asks again while the gateway says that it is busy with such questions of others. */
export async function askPatiently<T>(
  { output, signal }: Pick<CommandContext, 'output' | 'signal'>,
  ask: () => Promise<T>,
  patienceMs: number = PATIENCE_MS,
): Promise<T> {
  const startedOn = performance.now();
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const isBusy = error instanceof CommandFailure && error.reason === 'SESSIONS_UNAVAILABLE';
      if (!isBusy || performance.now() - startedOn > patienceMs) throw error;
      output.progress(error.message);
      await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) throw new InterruptedError('Interrupted');
    }
  }
}
