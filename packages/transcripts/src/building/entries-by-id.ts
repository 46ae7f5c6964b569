import { inOrder, type Placed } from './order.ts';
import { PackedEntries } from './packed-entries.ts';

/** Of one kind in one session; people's sessions have a few thousand, and nothing of them is ever packed. */
export const MOST_UNPACKED = 10_000;
/**
 * Once there were more, only the latest are held as they are: lines that tell of the same stand near each other. So few that they are gone again
 * before the garbage collector takes them for something that stays.
 */
const LATEST_UNPACKED = 256;

export interface EntryKind<Entry, Growing = never> {
  idOf(entry: Entry): string;
  /** As a document has it, as far as it is known. What comes later is joined with that. */
  rest(held: Entry | Growing): Entry;
}

/**
 * Messages, calls or tool calls of one session while its lines come. Of a session of very many, all but the latest lie packed until
 * somebody asks for them, so that a file of gigabytes is read in the memory of a small one.
 */
export class EntriesById<Entry extends Placed & object, Growing extends object = never> {
  readonly #kind: EntryKind<Entry, Growing>;
  readonly #latest = new Map<string, Entry | Growing>();
  #packed: PackedEntries<Entry> | null = null;
  #mostUnpacked: number;

  constructor(kind: EntryKind<Entry, Growing>, mostUnpacked = MOST_UNPACKED) {
    this.#kind = kind;
    this.#mostUnpacked = mostUnpacked;
  }

  get size(): number {
    return this.#latest.size + (this.#packed?.size ?? 0);
  }

  get(id: string): Entry | Growing | undefined {
    const held = this.#latest.get(id);
    if (held !== undefined || this.#packed === null) return held;
    const entry = this.#packed.take(id);
    if (entry !== undefined) this.#latest.set(id, entry);
    return entry;
  }

  /** `get` was asked for this id before: what lies packed is not looked at. */
  set(id: string, held: Entry | Growing): void {
    this.#latest.set(id, held);
    if (this.#latest.size > this.#mostUnpacked) this.#pack();
  }

  /** In no order. */
  all(): Iterable<Entry | Growing> {
    return this.#packed === null ? this.#latest.values() : this.#both(this.#packed);
  }

  /** All of them in order, as `finish` gives them; that changes neither time, sequence nor id. */
  list(finish: (held: Entry | Growing) => Entry): readonly Entry[] {
    if (this.#packed === null) return inOrder(Array.from(this.#latest.values(), finish), this.#kind.idOf);
    this.#packOldest(this.#packed, this.#latest.size);
    this.#packed = this.#packed.inOrder();
    return this.#packed.list(finish);
  }

  *#both(packed: PackedEntries<Entry>): Generator<Entry | Growing> {
    yield* packed;
    yield* this.#latest.values();
  }

  #pack(): void {
    this.#packed ??= new PackedEntries(this.#kind.idOf);
    this.#mostUnpacked = Math.min(this.#mostUnpacked, LATEST_UNPACKED);
    this.#packOldest(this.#packed, this.#latest.size - Math.floor(this.#mostUnpacked / 2));
  }

  #packOldest(packed: PackedEntries<Entry>, count: number): void {
    const entries: Entry[] = [];
    for (const [id, held] of this.#latest) {
      if (entries.length >= count) break;
      entries.push(this.#kind.rest(held));
      this.#latest.delete(id);
    }
    packed.add(entries);
  }
}
