import type { Refusal, SignalName } from '@tracepost/contracts';

/** Counts what was not taken, by signal and reason. */
export class Refusals {
  readonly #counts = new Map<string, { signal: SignalName; reason: string; count: number }>();

  add(signal: SignalName, reason: string, count = 1): void {
    if (count === 0) return;
    const key = `${signal} ${reason}`;
    const known = this.#counts.get(key);
    if (known) known.count += count;
    else this.#counts.set(key, { signal, reason, count });
  }

  addAll(refused: readonly Refusal[]): void {
    for (const { signal, reason, count } of refused) this.add(signal, reason, count);
  }

  list(): readonly Refusal[] {
    return [...this.#counts.values()];
  }
}
