import { setTimeout as sleep } from 'node:timers/promises';

export interface Keeping {
  /** Builds the thing and gives a promise that resolves, with the reason, when it is lost. */
  readonly establish: () => Promise<{ readonly lost: Promise<string> }>;
  /** After every loss and every attempt that failed, before the wait for the next one. */
  readonly onLost: (reason: string) => void;
  readonly signal: AbortSignal;
}

/** What lived this long and is lost then is tried again at once. */
const STABLE_AFTER_MS = 5_000;

/**
 * Keeps a connection, a channel or a consumer alive until `signal` says stop: recovery is the first start again.
 * Never rejects.
 */
export async function keepEstablished({ establish, onLost, signal }: Keeping): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const startedAt = performance.now();
    let reason: string;
    try {
      const { lost } = await establish();
      reason = await lost;
    } catch (error) {
      reason = describe(error);
    }
    if (signal.aborted) return;
    onLost(reason);
    if (performance.now() - startedAt > STABLE_AFTER_MS) failures = 0;
    const wait = retryDelayMs(failures++, Math.random());
    await sleep(wait, undefined, { signal }).catch(() => {});
  }
}

/** The first time almost at once, then slower, up to about once a second; `random` between 0 and 1 spreads the herd. */
export function retryDelayMs(failures: number, random: number): number {
  const longest = Math.min(1_000, 100 * 3 ** Math.min(failures, 10));
  return longest * (0.5 + random / 2);
}

/** Errors of sockets that tried several addresses have their story in `errors`, and an empty message. */
export function describe(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(describe).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
