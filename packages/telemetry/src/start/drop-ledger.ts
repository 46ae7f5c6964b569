import type { Loss, SignalName } from '@tracepost/contracts';

/** Everything that this process lost, by signal and reason, so that nothing is lost silently. */
export interface DropLedger {
  count(signal: SignalName, reason: string, items: number): void;
  read(): readonly Loss[];
}

export function createDropLedger(): DropLedger {
  const losses = new Map<string, { signal: SignalName; reason: string; count: number }>();
  return {
    count(signal, reason, items) {
      if (items === 0) return;
      const key = `${signal} ${reason}`;
      const known = losses.get(key);
      if (known) known.count += items;
      else losses.set(key, { signal, reason, count: items });
    },
    read: () => [...losses.values()].map((loss) => ({ ...loss })),
  };
}
