/** Finds the few lines of a buffer in which one of some texts stands, by a search through the whole of it and not line by line. */
export class Marks {
  readonly #marks: readonly Buffer[];
  /** Where each stands next in the buffer that was asked of last; -1: not searched for yet. */
  readonly #next: number[];
  #buffer: Buffer | null = null;
  #from = 0;

  constructor(marks: readonly string[]) {
    this.#marks = marks.map((mark) => Buffer.from(mark));
    this.#next = marks.map(() => -1);
  }

  /** Whether one of them begins in this piece. Pieces of one buffer are asked of in their order. */
  beginIn(buffer: Buffer, from: number, end: number): boolean {
    if (buffer !== this.#buffer || from <= this.#from) this.#next.fill(-1);
    this.#buffer = buffer;
    this.#from = from;
    for (const [index, mark] of this.#marks.entries()) if (this.#at(index, mark, from) < end) return true;
    return false;
  }

  #at(index: number, mark: Buffer, from: number): number {
    const known = this.#next[index] as number;
    if (known >= from) return known;
    const found = (this.#buffer as Buffer).indexOf(mark, from);
    const next = found < 0 ? Number.POSITIVE_INFINITY : found;
    this.#next[index] = next;
    return next;
  }
}
