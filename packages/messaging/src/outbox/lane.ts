/** One message in the outbox; its content lies on the disk. */
export interface Entry {
  /** Grows in the order in which messages were handed in. */
  readonly sequence: number;
  readonly bytes: number;
  readonly sentAtMs: number;
  state: 'being written' | 'stored' | 'gone';
}

/** What waits for one agent, oldest first. */
export class Lane {
  readonly agentId: string;
  #entries: Entry[] = [];
  /** Everything before it is gone. */
  #head = 0;
  #changed = Promise.withResolvers<void>();

  constructor(agentId: string) {
    this.agentId = agentId;
  }

  /** The oldest one; undefined when nothing waits. */
  get first(): Entry | undefined {
    return this.#entries[this.#head];
  }

  /** Mostly at the end: one that was handed in earlier and went to the broker first comes late when that failed. */
  insert(entry: Entry): void {
    let place = this.#entries.length;
    while (place > this.#head && (this.#entries[place - 1]?.sequence ?? 0) > entry.sequence) place -= 1;
    this.#entries.splice(place, 0, entry);
  }

  markStored(entry: Entry): void {
    entry.state = 'stored';
    this.wake();
  }

  remove(entry: Entry): void {
    entry.state = 'gone';
    while (this.first?.state === 'gone') this.#head += 1;
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    this.wake();
  }

  /** The oldest ones that may go out together: none overtakes one that is still being written. */
  next({ maxMessages, maxBytes }: { readonly maxMessages: number; readonly maxBytes: number }): Entry[] {
    const found: Entry[] = [];
    let bytes = 0;
    for (let index = this.#head; index < this.#entries.length && found.length < maxMessages; index += 1) {
      const entry = this.#entries[index];
      if (entry === undefined || entry.state === 'being written') break;
      if (entry.state === 'gone') continue;
      bytes += entry.bytes;
      if (bytes > maxBytes && found.length > 0) break;
      found.push(entry);
    }
    return found;
  }

  /** Resolves when something was stored or removed, or when whoever waits shall look again. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

const COMPACT_AT = 1_024;
