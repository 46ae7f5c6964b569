import type { SignalName } from '@tracepost/contracts';
import type { Refusals } from '../refusals.ts';
import { MalformedError } from './malformed-error.ts';

/** What cannot be read takes longer than what can: past so many of one request, the rest is not even tried. */
const MAX_FAULTS = 10_000;

/** Records of one request that could not be read, counted by reason. */
export class Faults {
  readonly #signal: SignalName;
  readonly #refused: Refusals;
  #left = MAX_FAULTS;

  constructor(signal: SignalName, refused: Refusals) {
    this.#signal = signal;
    this.#refused = refused;
  }

  /** True, and the record (or so many points of one) counted, when it is not to be tried. */
  isOver(count = 1): boolean {
    if (this.#left > 0) return false;
    this.#refused.add(this.#signal, 'too_many_faults', count);
    return true;
  }

  /** Whether the next one would not be tried. */
  get areTooMany(): boolean {
    return this.#left <= 0;
  }

  /** Of one that was tried. */
  note(error: unknown): void {
    this.#left -= 1;
    this.#refused.add(this.#signal, error instanceof MalformedError ? error.reason : 'malformed');
  }
}
