import type { AttributeValue } from '@tracepost/contracts';
import { MAX_ATTRIBUTES } from '../limits.ts';

/** Attributes while they are read. One entry more than allowed is kept, so that the rules see that there was too much. */
export class AttributeCollector {
  readonly values: Record<string, AttributeValue> = {};
  readonly #max: number;
  #count = 0;

  constructor(max = MAX_ATTRIBUTES) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.#count > this.#max;
  }

  set(key: string, value: AttributeValue): void {
    this.#count += 1;
    // Set like any other key it would change the object's prototype; the rules leave it out and say so.
    if (key === '__proto__') Object.defineProperty(this.values, key, { value, enumerable: true, configurable: true });
    else this.values[key] = value;
  }
}
