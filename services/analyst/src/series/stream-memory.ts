/**
 * What each stream that has no series of its own said last, so that of its next point only what is new is added. Numbers lie in flat
 * arrays: a million counters take 24 MiB. What was not heard of for a whole turn is forgotten.
 */
export interface StreamMemory {
  /**
   * The numbers remembered of a stream, to be changed in place: `isNew` when they are all zero because nothing was known. Null
   * when there is no room.
   */
  of(key: number, length: number): { readonly numbers: Float64Array; readonly isNew: boolean } | null;
  /** A stream that began later, and is not known, was never heard of; an older one may have been forgotten. */
  readonly completeSinceMs: number;
  /** Numbers held now. */
  readonly size: number;
}

export interface StreamMemoryOptions {
  /** Of one turn; two are kept. */
  readonly mostNumbers: number;
  /** A turn does not end sooner, however full it is: what is under way would be counted from its beginning again. */
  readonly turnMs: number;
  readonly now: () => number;
}

export function createStreamMemory({ mostNumbers, turnMs, now }: StreamMemoryOptions): StreamMemory {
  let current = createTurn(mostNumbers, now());
  let before: Turn | null = null;
  let completeSinceMs = current.began;

  const nextTurn = (at: number): void => {
    if (before !== null && before.used > 0) completeSinceMs = current.began;
    before = current;
    current = createTurn(mostNumbers, at);
  };

  return {
    get completeSinceMs() {
      return completeSinceMs;
    },
    get size() {
      return current.used + (before?.used ?? 0);
    },
    of(key, length) {
      const at = now();
      const known = current.find(key);
      if (known) return known.length === length ? { numbers: known, isNew: false } : null;
      // Past a second turn nobody has spoken: what is older has ended, or begins anew.
      if (at - current.began >= turnMs) nextTurn(at);
      const kept = before?.find(key) ?? null;
      const place = current.add(key, length);
      if (place === null) return null;
      if (kept === null || kept.length !== length) return { numbers: place, isNew: true };
      place.set(kept);
      return { numbers: place, isNew: false };
    },
  };
}

interface Turn {
  readonly began: number;
  readonly used: number;
  find(key: number): Float64Array | null;
  add(key: number, length: number): Float64Array | null;
}

const FIRST_PLACES = 1_024;

function createTurn(mostNumbers: number, began: number): Turn {
  // Open addressing: a key, and where its numbers begin. Grown to keep a third of the places free.
  let keys = new Float64Array(FIRST_PLACES);
  let offsets = new Uint32Array(FIRST_PLACES);
  let lengths = new Uint16Array(FIRST_PLACES);
  let streams = 0;
  let numbers = new Float64Array(FIRST_PLACES);
  let used = 0;

  const placeOf = (key: number): number => {
    const mask = keys.length - 1;
    let place = (key % 4_294_967_296) & mask;
    while (keys[place] !== 0 && keys[place] !== key) place = (place + 1) & mask;
    return place;
  };
  const grow = (): void => {
    const old = { keys, offsets, lengths };
    keys = new Float64Array(2 * old.keys.length);
    offsets = new Uint32Array(keys.length);
    lengths = new Uint16Array(keys.length);
    for (const [at, key] of old.keys.entries()) {
      if (key === 0) continue;
      const place = placeOf(key);
      keys[place] = key;
      offsets[place] = old.offsets[at] ?? 0;
      lengths[place] = old.lengths[at] ?? 0;
    }
  };

  return {
    began,
    get used() {
      return used;
    },
    find(key) {
      const place = placeOf(key);
      const offset = offsets[place] ?? 0;
      return keys[place] === 0 ? null : numbers.subarray(offset, offset + (lengths[place] ?? 0));
    },
    add(key, length) {
      if (used + length > mostNumbers) return null;
      if (used + length > numbers.length) {
        const larger = new Float64Array(Math.min(mostNumbers, Math.max(2 * numbers.length, used + length)));
        larger.set(numbers);
        numbers = larger;
      }
      if ((streams + 1) * 3 > keys.length * 2) grow();
      const place = placeOf(key);
      keys[place] = key;
      offsets[place] = used;
      lengths[place] = length;
      streams += 1;
      used += length;
      return numbers.subarray(used - length, used);
    },
  };
}
