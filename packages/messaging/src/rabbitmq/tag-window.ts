const FIRST_SLOTS = 64;
/** Past so many tags, those that still wait at the low end are kept apart: one that is never answered does not hold the window open. */
const MOST_SLOTS = 65_536;

/**
 * What waits under the tags 1, 2, 3, … until its tag is taken, mostly in order. Slots that are used round about, and no `Map`: where entries come and go
 * thousands of times a second, V8 replaces the table of a map again and again, each old one points to the next, and once one of
 * them has grown old, all that follow are kept with whatever they held, until the next full collection. It came every few
 * seconds, and was most of the time that the slowest of a hundred publishes took.
 */
export class TagWindow<T extends object> {
  #slots: (T | undefined)[] = emptySlots(FIRST_SLOTS);
  readonly #late = new Map<number, T>();
  #nextTag = 1;
  /** Below it all are taken, or late. */
  #lowestTag = 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Gives it the next tag. */
  push(entry: T): void {
    if (this.#nextTag - this.#lowestTag === this.#slots.length) this.#makeRoom();
    this.#slots[this.#nextTag++ % this.#slots.length] = entry;
    this.#size++;
  }

  /** Undefined when nothing waits under this tag. */
  take(tag: number): T | undefined {
    const entry = this.#get(tag);
    if (entry === undefined) return undefined;
    if (tag < this.#lowestTag) this.#late.delete(tag);
    else this.#slots[tag % this.#slots.length] = undefined;
    this.#size--;
    this.#skipTaken();
    return entry;
  }

  /** Takes all up to this tag, in order; `onTaken` may not push. */
  takeUpTo(tag: number, onTaken: (entry: T) => void): void {
    for (const [late, entry] of this.#late) {
      if (late > tag) return;
      this.#late.delete(late);
      this.#size--;
      onTaken(entry);
    }
    const slots = this.#slots;
    for (const end = Math.min(tag + 1, this.#nextTag); this.#lowestTag < end; this.#lowestTag++) {
      const at = this.#lowestTag % slots.length;
      const entry = slots[at];
      if (entry === undefined) continue;
      slots[at] = undefined;
      this.#size--;
      onTaken(entry);
    }
    this.#skipTaken();
  }

  /** In the order of their tags, from this one on; entries may be taken meanwhile. */
  *from(tag: number): Generator<[number, T]> {
    for (const [late, entry] of this.#late) if (late >= tag) yield [late, entry];
    for (let each = Math.max(tag, this.#lowestTag); each < this.#nextTag; each++) {
      const entry = this.#get(each);
      if (entry !== undefined) yield [each, entry];
    }
  }

  /** Forgets what waits; the tags go on. */
  clear(): void {
    this.#slots = emptySlots(FIRST_SLOTS);
    this.#late.clear();
    this.#lowestTag = this.#nextTag;
    this.#size = 0;
  }

  #get(tag: number): T | undefined {
    if (tag >= this.#nextTag) return undefined;
    return tag < this.#lowestTag ? this.#late.get(tag) : this.#slots[tag % this.#slots.length];
  }

  #skipTaken(): void {
    while (this.#lowestTag < this.#nextTag && this.#slots[this.#lowestTag % this.#slots.length] === undefined)
      this.#lowestTag++;
  }

  #makeRoom(): void {
    const slots = this.#slots;
    if (slots.length === MOST_SLOTS) {
      const at = this.#lowestTag % slots.length;
      this.#late.set(this.#lowestTag, slots[at] as T);
      slots[at] = undefined;
      this.#skipTaken();
      return;
    }
    const more = emptySlots<T>(2 * slots.length);
    for (let tag = this.#lowestTag; tag < this.#nextTag; tag++) more[tag % more.length] = slots[tag % slots.length];
    this.#slots = more;
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return new Array<T | undefined>(count).fill(undefined);
}
