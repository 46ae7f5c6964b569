import { randomInt } from 'node:crypto';

const FEWEST = 1024;
/** More than any table has room for. */
const HASHES = 2 ** 32;

/**
 * Where entries lie, by id, in a dozen bytes each: instead of the id it holds a hash of it. So it says only where an id may be, and
 * whoever asks looks there.
 */
export class IdTable {
  /** A hash and a place, and so on; the place is one more than it is, and 0 where nothing is. */
  #slots = new Uint32Array(2 * FEWEST);
  #size = 0;

  add(id: string, place: number): void {
    if (3 * this.#size > this.#slots.length) this.#grow();
    this.#put(hashOf(id), place + 1);
    this.#size++;
  }

  /** The place of this id for which `isIt` says yes; -1: there is none. */
  find(id: string, isIt: (place: number) => boolean): number {
    const hash = hashOf(id);
    const mask = this.#slots.length / 2 - 1;
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const place = this.#slots[2 * at + 1] as number;
      if (place === 0) return -1;
      if (this.#slots[2 * at] === hash && isIt(place - 1)) return place - 1;
    }
  }

  clear(): void {
    this.#slots = new Uint32Array(2 * FEWEST);
    this.#size = 0;
  }

  #put(hash: number, place: number): void {
    const mask = this.#slots.length / 2 - 1;
    let at = hash & mask;
    while (this.#slots[2 * at + 1] !== 0) at = (at + 1) & mask;
    this.#slots[2 * at] = hash;
    this.#slots[2 * at + 1] = place;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(2 * before.length);
    for (let at = 0; at < before.length; at += 2) {
      const place = before[at + 1] as number;
      if (place !== 0) this.#put(before[at] as number, place);
    }
  }
}

/** Another one in each process: nobody can write ids into a file that all have the same hash. */
const SEED = randomInt(HASHES);

function hashOf(id: string): number {
  let hash = SEED;
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
