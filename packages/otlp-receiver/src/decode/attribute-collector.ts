import type { AttributeValue } from '@tracepost/contracts';
import { isOneOfMany } from '../limit-values.ts';
import { MAX_ATTRIBUTES } from '../limits.ts';

/** Making room ends: whoever sends more means no good. */
const MOST_REPLACED = 64;

/** Attributes while they are read. One entry more than allowed is kept, so that the rules see that there was too much. */
export class AttributeCollector {
  readonly values: Record<string, AttributeValue> = {};
  readonly #max: number;
  #count = 0;
  #replaced = 0;
  /** Those that may be replaced, the last one last. */
  #many: string[] | null = null;

  constructor(max = MAX_ATTRIBUTES) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.#count > this.#max;
  }

  /** Nothing more is taken, whatever it is. */
  get isClosed(): boolean {
    return this.isFull && (this.#replaced >= MOST_REPLACED || this.#replaceable().length === 0);
  }

  /**
   * Past the limit: whether this one is taken all the same, in the place of one of many. Instrumentations write a long conversation as an
   * attribute for each part of it, and what the call used after all of them.
   */
  makesRoomFor(key: string): boolean {
    if (this.#replaced >= MOST_REPLACED || isOneOfMany(key)) return false;
    const replaced = this.#replaceable().pop();
    if (replaced === undefined) return false;
    delete this.values[replaced];
    this.#count -= 1;
    this.#replaced += 1;
    return true;
  }

  #replaceable(): string[] {
    this.#many ??= Object.keys(this.values).filter(isOneOfMany);
    return this.#many;
  }

  set(key: string, value: AttributeValue): void {
    this.#count += 1;
    // Set like any other key it would change the object's prototype; the rules leave it out and say so.
    if (key === '__proto__') Object.defineProperty(this.values, key, { value, enumerable: true, configurable: true });
    else this.values[key] = value;
  }
}
