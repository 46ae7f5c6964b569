/**
 * What was told last of each key. Two generations, so that forgetting is free: a map whose oldest key is taken out again and again has all
 * those to step over that are gone.
 */
export class Recent<Value> {
  readonly #perGeneration: number;
  #newer = new Map<string, Value>();
  #older: ReadonlyMap<string, Value> = new Map();

  constructor(perGeneration: number) {
    this.#perGeneration = perGeneration;
  }

  get(key: string): Value | undefined {
    return this.#newer.get(key) ?? this.#older.get(key);
  }

  set(key: string, value: Value): void {
    this.#newer.set(key, value);
    if (this.#newer.size < this.#perGeneration) return;
    this.#older = this.#newer;
    this.#newer = new Map();
  }
}
