import type { Entry } from './entry.ts';

/**
 * What waits to be delivered: the highest priority first, within one priority in the order of publishing. What comes
 * back takes its old place again.
 */
export class ReadyList {
  /** By priority; the highest last. */
  readonly #levels: { readonly priority: number; readonly line: Line }[] = [];
  #size = 0;
  #bytes = 0;

  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(entry: Entry): void {
    this.#line(entry.priority).add(entry);
    this.#size += 1;
    this.#bytes += entry.content.bytes;
  }

  take(): Entry | undefined {
    for (let index = this.#levels.length - 1; index >= 0; index -= 1) {
      const entry = this.#levels[index]?.line.take();
      if (!entry) continue;
      this.#size -= 1;
      this.#bytes -= entry.content.bytes;
      return entry;
    }
    return undefined;
  }

  /** When the first of them has waited long enough; null when none ever has. */
  get nextDueAt(): number | null {
    let next: number | null = null;
    for (const { line } of this.#levels) {
      const dueAt = line.first?.dueAt ?? null;
      if (dueAt !== null && (next === null || dueAt < next)) next = dueAt;
    }
    return next;
  }

  /** Those that have waited long enough, in the order of publishing; of one priority none passes another. */
  takeDue(now: number, limit: number): Entry[] {
    const due: Entry[] = [];
    for (const { line } of this.#levels) {
      for (let first = line.first; due.length < limit && isDue(first, now); first = line.first) {
        line.take();
        due.push(first);
        this.#size -= 1;
        this.#bytes -= first.content.bytes;
      }
    }
    return due.sort((a, b) => a.id - b.id);
  }

  /** The next ones, left where they are. */
  peek(limit: number): Entry[] {
    const next: Entry[] = [];
    for (let index = this.#levels.length - 1; index >= 0 && next.length < limit; index -= 1) {
      next.push(...(this.#levels[index]?.line.peek(limit - next.length) ?? []));
    }
    return next;
  }

  #line(priority: number): Line {
    const index = this.#levels.findIndex((level) => level.priority >= priority);
    const level = this.#levels[index];
    if (level?.priority === priority) return level.line;
    const added = { priority, line: new Line() };
    this.#levels.splice(index === -1 ? this.#levels.length : index, 0, added);
    return added.line;
  }
}

/** First in, first out; entries older than the first are those that came back. */
class Line {
  /** Sorted, since ids grow; the places before `#head` are empty. */
  #fresh: (Entry | undefined)[] = [];
  #head = 0;
  /** Sorted; short, since no more come back than were handed out. */
  readonly #returned: Entry[] = [];

  add(entry: Entry): void {
    const last = this.#fresh.at(-1);
    if (!last || entry.id > last.id) this.#fresh.push(entry);
    else insertSorted(this.#returned, entry);
  }

  take(): Entry | undefined {
    const { first } = this;
    if (!first) return undefined;
    if (first === this.#returned[0]) return this.#returned.shift();
    this.#fresh[this.#head] = undefined;
    this.#head += 1;
    this.#forgetTaken();
    return first;
  }

  get first(): Entry | undefined {
    const fresh = this.#fresh[this.#head];
    const [returned] = this.#returned;
    return returned && (!fresh || returned.id < fresh.id) ? returned : fresh;
  }

  peek(limit: number): Entry[] {
    const fresh = this.#fresh.slice(this.#head, this.#head + limit).filter((entry) => entry !== undefined);
    return [...this.#returned, ...fresh].slice(0, limit);
  }

  #forgetTaken(): void {
    const isEmpty = this.#head === this.#fresh.length;
    if (!isEmpty && (this.#head < 1_024 || this.#head * 2 < this.#fresh.length)) return;
    this.#fresh = this.#fresh.slice(this.#head);
    this.#head = 0;
  }
}

function isDue(entry: Entry | undefined, now: number): entry is Entry {
  return entry !== undefined && entry.dueAt !== null && entry.dueAt <= now;
}

function insertSorted(entries: Entry[], entry: Entry): void {
  let place = entries.length;
  while (place > 0 && (entries[place - 1]?.id ?? 0) > entry.id) place -= 1;
  entries.splice(place, 0, entry);
}
