import type { DigestColumns } from './trace-row.ts';

/** A trace as this process has written it last. */
export interface WrittenTrace {
  readonly version: number;
  readonly columns: DigestColumns;
}

/** Characters of all that are kept: some thousands of traces, those that are under way. */
const MOST_CHARACTERS = 8 * 1024 * 1024;

/**
 * Most traces come in a few pieces within seconds: what was written last need not be read again for the next one. Only a guess, which the
 * version in the row confirms: another process may have written since.
 */
export class RecentTraces {
  readonly #traces = new Map<string, WrittenTrace>();
  #characters = 0;

  get(traceId: string): WrittenTrace | undefined {
    return this.#traces.get(traceId);
  }

  set(traceId: string, trace: WrittenTrace): void {
    this.delete(traceId);
    this.#traces.set(traceId, trace);
    this.#characters += sizeOf(trace);
    for (const [oldest] of this.#traces) {
      if (this.#characters <= MOST_CHARACTERS) break;
      this.delete(oldest);
    }
  }

  delete(traceId: string): void {
    const known = this.#traces.get(traceId);
    if (!known) return;
    this.#traces.delete(traceId);
    this.#characters -= sizeOf(known);
  }
}

function sizeOf({ columns: { root, terms, spans, errors } }: WrittenTrace): number {
  return 200 + root.length + terms.length + spans.length + errors.length;
}
