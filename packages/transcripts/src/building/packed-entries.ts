import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { IdTable } from './id-table.ts';
import { lazyList } from './lazy-list.ts';
import { orderOf, type Placed } from './order.ts';

/** Entries that are packed together: more of them take less room, and longer until one of them is read. */
const BLOCK = 128;
const BLOCKS_OPEN = 8;
/** So many are put in order at a time: whole blocks. */
const SORTED_TOGETHER = 64 * BLOCK;
const FAST = { level: 1 };
const ROOM_BYTES = 256 * 1024;

type Block = Uint8Array | null;

/** Entries as compressed JSON, a tenth of what they are as objects. */
export class PackedEntries<Entry extends Placed> {
  readonly #idOf: (entry: Entry) => string;
  /** Null: nothing of it is here any more. */
  readonly #blocks: Block[] = [];
  readonly #left: number[] = [];
  readonly #room = new Room();
  readonly #places = new IdTable();
  /** Of blocks that are still there. */
  readonly #taken = new Set<number>();
  readonly #reader = new BlockReader<Entry>(this.#blocks);
  #size = 0;

  constructor(idOf: (entry: Entry) => string) {
    this.#idOf = idOf;
  }

  get size(): number {
    return this.#size;
  }

  /** None of them may be here already. */
  add(entries: readonly Entry[]): void {
    for (let from = 0; from < entries.length; from += BLOCK) {
      const block = entries.slice(from, from + BLOCK);
      const place = this.#blocks.length * BLOCK;
      for (const [offset, entry] of block.entries()) this.#places.add(this.#idOf(entry), place + offset);
      this.#blocks.push(this.#room.keep(pack(block)));
      this.#left.push(block.length);
    }
    this.#size += entries.length;
  }

  /** The entry, which is no longer here then. */
  take(id: string): Entry | undefined {
    const place = this.#places.find(id, (at) => this.#isHere(at) && this.#idOf(this.#reader.at(at)) === id);
    if (place < 0) return undefined;
    const entry = this.#reader.at(place);
    this.#remove(place);
    return entry;
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (const place of this.#all()) yield this.#reader.at(place);
  }

  /** All that is here, packed anew in their order where they lie in another one; nothing is left here then. */
  inOrder(): PackedEntries<Entry> {
    const places = this.#ordered();
    if (places.every((place, rank) => place === rank)) return this;
    const ranks = new Uint32Array(this.#blocks.length * BLOCK);
    for (const [rank, place] of places.entries()) ranks[place] = rank;
    this.#places.clear();
    const sorter = new Sorter<Entry>(places.length);
    for (const [index, block] of this.#blocks.entries()) {
      if (block === null) continue;
      for (const [offset, entry] of this.#reader.read(index).entries()) {
        const place = index * BLOCK + offset;
        if (!this.#taken.has(place)) sorter.add(entry, ranks[place] as number);
      }
      this.#blocks[index] = null;
    }
    this.#size = 0;
    const sorted = new PackedEntries<Entry>(this.#idOf);
    for (const entries of sorter.sorted()) sorted.add(entries);
    return sorted;
  }

  /** What `inOrder` gave, as `finish` changes it, and neither place nor id of it. Each entry is unpacked when it is looked at. */
  list(finish: (entry: Entry) => Entry): readonly Entry[] {
    const reader = new BlockReader<Entry>([...this.#blocks]);
    return lazyList(this.#size, (index) => finish(reader.at(index)));
  }

  /** The places of all, in the order of what lies there. */
  #ordered(): Uint32Array {
    const keys = {
      places: new Uint32Array(this.#size),
      times: new Float64Array(this.#size),
      sequences: new Float64Array(this.#size),
    };
    let count = 0;
    for (const place of this.#all()) {
      const { atMs, sequence } = this.#reader.at(place);
      keys.places[count] = place;
      keys.times[count] = atMs ?? Number.NaN;
      keys.sequences[count++] = sequence;
    }
    return orderOf(keys, this.#ids());
  }

  /** Asked for only where time and sequence are the same, and then in no order: no block is opened twice for that. */
  #ids(): (place: number) => string {
    const ids = new Map<number, readonly string[]>();
    return (place) => {
      const index = Math.floor(place / BLOCK);
      const known = ids.get(index) ?? this.#reader.read(index).map(this.#idOf);
      ids.set(index, known);
      return known[place % BLOCK] as string;
    };
  }

  *#all(): Generator<number> {
    for (const [index, block] of this.#blocks.entries()) {
      if (block === null) continue;
      const end = index * BLOCK + this.#reader.read(index).length;
      for (let place = index * BLOCK; place < end; place++) if (!this.#taken.has(place)) yield place;
    }
  }

  #isHere(place: number): boolean {
    return this.#blocks[Math.floor(place / BLOCK)] !== null && !this.#taken.has(place);
  }

  #remove(place: number): void {
    const index = Math.floor(place / BLOCK);
    const left = (this.#left[index] as number) - 1;
    this.#left[index] = left;
    this.#taken.add(place);
    this.#size--;
    if (left > 0) return;
    this.#blocks[index] = null;
    for (let offset = 0; offset < BLOCK; offset++) this.#taken.delete(index * BLOCK + offset);
  }
}

function pack(entries: readonly unknown[]): Uint8Array {
  return deflateRawSync(JSON.stringify(entries), FAST);
}

/** What was packed; whoever asks knows what it was. */
function unpack<Entry>(bytes: Uint8Array): Entry[] {
  return JSON.parse(inflateRawSync(bytes).toString()) as Entry[];
}

/** Puts entries in the order of their ranks, few at a time: those of neighbouring ranks are packed together until all have come. */
class Sorter<Entry> {
  readonly #count: number;
  readonly #groups: { readonly ranks: number[]; readonly blocks: Uint8Array[]; waiting: Entry[] }[];
  readonly #room = new Room();

  constructor(count: number) {
    this.#count = count;
    const groups = Math.ceil(count / SORTED_TOGETHER);
    this.#groups = Array.from({ length: groups }, () => ({ ranks: [], blocks: [], waiting: [] }));
  }

  add(entry: Entry, rank: number): void {
    const group = this.#groups[Math.floor(rank / SORTED_TOGETHER)];
    if (!group) throw new RangeError(`there are ${this.#count} entries, and no rank ${rank} among them`);
    group.ranks.push(rank % SORTED_TOGETHER);
    group.waiting.push(entry);
    if (group.waiting.length < BLOCK) return;
    group.blocks.push(this.#room.keep(pack(group.waiting)));
    group.waiting = [];
  }

  *sorted(): Generator<readonly Entry[]> {
    for (const { ranks, blocks, waiting } of this.#groups.splice(0)) {
      const entries = new Array<Entry>(ranks.length);
      let count = 0;
      const put = (entry: Entry): void => {
        entries[ranks[count++] as number] = entry;
      };
      for (const block of blocks.splice(0)) unpack<Entry>(block).forEach(put);
      waiting.forEach(put);
      yield entries;
    }
  }
}

/**
 * Keeps bytes behind each other in a few large pieces: thousands of small ones that stay, allocated between large ones that are used for a
 * moment, would leave holes as large as these.
 */
class Room {
  #bytes = new Uint8Array(0);
  #used = 0;

  keep(bytes: Uint8Array): Uint8Array {
    if (this.#used + bytes.length > this.#bytes.length) {
      this.#bytes = new Uint8Array(Math.max(ROOM_BYTES, bytes.length));
      this.#used = 0;
    }
    const kept = this.#bytes.subarray(this.#used, this.#used + bytes.length);
    kept.set(bytes);
    this.#used += bytes.length;
    return kept;
  }
}

/** Holds the blocks that were read last as objects: entries that are asked for lie near each other. */
class BlockReader<Entry> {
  readonly #blocks: readonly Block[];
  readonly #open = new Map<number, readonly Entry[]>();

  constructor(blocks: readonly Block[]) {
    this.#blocks = blocks;
  }

  at(place: number): Entry {
    // Nobody asks for a place where nothing is.
    return this.read(Math.floor(place / BLOCK))[place % BLOCK] as Entry;
  }

  read(index: number): readonly Entry[] {
    const known = this.#open.get(index);
    if (known) return known;
    const bytes = this.#blocks[index];
    const entries = bytes ? unpack<Entry>(bytes) : [];
    if (this.#open.size >= BLOCKS_OPEN) this.#open.delete(this.#open.keys().next().value ?? index);
    this.#open.set(index, entries);
    return entries;
  }
}
