import { setTimeout as sleep } from 'node:timers/promises';
import type { Telemetry } from '@tracepost/telemetry';

const PAUSE_MS = 500;

interface WaitOptions extends Pick<Telemetry, 'logger'> {
  readonly waitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** Tries until it works, an error says that waiting will not help, time is up, or the signal says stop. */
export async function waitForPostgres<T>(open: () => Promise<T>, { waitMs, signal, logger }: WaitOptions): Promise<T> {
  const deadline = Date.now() + waitMs;
  let told = '';
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (isFinal(error) || Date.now() + PAUSE_MS > deadline) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== told) logger.info({ layer: 'store', reason }, 'Waiting for Postgres');
      told = reason;
    }
    await sleep(PAUSE_MS, undefined, signal ? { signal } : {});
  }
}

/** Wrong password, no such database, missing rights, a broken or newer schema: what an operator has to mend. */
const FINAL_CLASSES: readonly string[] = ['28', '3D', '42'];

function isFinal(error: unknown): boolean {
  const { code, isRetryable } = error as { code?: unknown; isRetryable?: unknown };
  return isRetryable === false || (typeof code === 'string' && FINAL_CLASSES.includes(code.slice(0, 2)));
}
