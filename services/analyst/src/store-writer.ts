import { setTimeout as sleep } from 'node:timers/promises';
import type { Refusal, SignalName, SinkAnswer } from '@tracepost/contracts';

export interface StoreWriter {
  readonly signal: SignalName;
  /** Writes in bounded batches, one after the other; `later` at the first that the store cannot take. */
  write(): Promise<SinkAnswer>;
  readonly count: number;
}

/** Of one write; more only make each write long, not the whole faster. */
const ITEMS_PER_WRITE = 2_000;
const WRITE_TIMEOUT_MS = 10_000;
const RETRY_AFTER_MS = 1_000;

export function storeWriter<T>(
  signal: SignalName,
  items: readonly T[],
  write: (items: readonly T[]) => Promise<SinkAnswer>,
): StoreWriter {
  return {
    signal,
    count: items.length,
    write: async () => {
      const refused: Refusal[] = [];
      for (let at = 0; at < items.length; at += ITEMS_PER_WRITE) {
        const answer = await writeInTime(() => write(items.slice(at, at + ITEMS_PER_WRITE)));
        if (answer.status === 'later') return answer;
        refused.push(...answer.refused);
      }
      return { status: 'taken', refused };
    },
  };
}

/** A store that throws or does not answer is one that cannot take anything now. */
async function writeInTime(write: () => Promise<SinkAnswer>): Promise<SinkAnswer> {
  const done = new AbortController();
  const late = sleep(WRITE_TIMEOUT_MS, null, { signal: done.signal, ref: false }).then(
    (): SinkAnswer => ({ status: 'later', reason: 'store_timeout', retryAfterMs: RETRY_AFTER_MS }),
    (): SinkAnswer => ({ status: 'taken', refused: [] }),
  );
  try {
    return await Promise.race([write(), late]);
  } catch {
    return { status: 'later', reason: 'store_failed', retryAfterMs: RETRY_AFTER_MS };
  } finally {
    done.abort();
  }
}
