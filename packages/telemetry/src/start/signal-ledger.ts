import type { Loss, SignalName } from '@tracepost/contracts';

/**
 * What this process has made and what it has lost of it, by signal and reason, so that nothing is lost silently. Whoever reads all of
 * it, and how much waits, at one instant can say to the unit what was handed on.
 */
export interface SignalLedger {
  /** Made here, whatever becomes of it. Counted once, however often it is sent. */
  made(signal: SignalName, items: number): void;
  /** Lost, of what was made. */
  count(signal: SignalName, reason: string, items: number): void;
  produced(): Readonly<Record<SignalName, number>>;
  read(): readonly Loss[];
}

export function createSignalLedger(): SignalLedger {
  const produced: Record<SignalName, number> = { spans: 0, logs: 0, metrics: 0 };
  const losses = new Map<string, { signal: SignalName; reason: string; count: number }>();
  return {
    made(signal, items) {
      produced[signal] += items;
    },
    count(signal, reason, items) {
      if (items === 0) return;
      const key = `${signal} ${reason}`;
      const known = losses.get(key);
      if (known) known.count += items;
      else losses.set(key, { signal, reason, count: items });
    },
    produced: () => ({ ...produced }),
    read: () => [...losses.values()].map((loss) => ({ ...loss })),
  };
}
