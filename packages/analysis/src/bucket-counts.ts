/** Room grows by whole powers of two, so that neighbours of a value find theirs without a new array. */
const ROOM = 64;

/** How many values fell into each bucket: one array from the lowest to the highest one used. */
export class BucketCounts {
  #first = 0;
  #counts = new Float64Array(0);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(bucket: number, count: number): void {
    this.#makeRoom(bucket, bucket);
    const index = bucket - this.#first;
    this.#counts[index] = (this.#counts[index] ?? 0) + count;
    this.#total += count;
  }

  /** False, and nothing is changed, when there are not so many in it. */
  remove(bucket: number, count: number): boolean {
    const index = bucket - this.#first;
    const there = this.#counts[index] ?? 0;
    if (there < count) return false;
    this.#counts[index] = there - count;
    this.#total -= count;
    return true;
  }

  merge(other: BucketCounts): void {
    const length = other.#counts.length;
    if (length === 0) return;
    this.#makeRoom(other.#first, other.#first + length - 1);
    const shift = other.#first - this.#first;
    for (let index = 0; index < length; index++) {
      const at = index + shift;
      this.#counts[at] = (this.#counts[at] ?? 0) + (other.#counts[index] ?? 0);
    }
    this.#total += other.#total;
  }

  /** Those that are not empty, by their number. */
  entries(): [bucket: number, count: number][] {
    const entries: [number, number][] = [];
    for (const [index, count] of this.#counts.entries()) {
      if (count > 0) entries.push([this.#first + index, count]);
    }
    return entries;
  }

  /** The bucket in which the value of this rank lies, counted from 1 at the lowest one. */
  bucketOfRank(rank: number): number {
    let seen = 0;
    for (const [index, count] of this.#counts.entries()) {
      seen += count;
      if (seen >= rank) return this.#first + index;
    }
    throw new RangeError(`There is no value of rank ${rank} among ${seen}`);
  }

  #makeRoom(lowest: number, highest: number): void {
    const length = this.#counts.length;
    if (length > 0 && lowest >= this.#first && highest < this.#first + length) return;
    const first = roundDown(length === 0 ? lowest : Math.min(lowest, this.#first));
    const end = roundDown(length === 0 ? highest : Math.max(highest, this.#first + length - 1)) + ROOM;
    const counts = new Float64Array(end - first);
    counts.set(this.#counts, length === 0 ? 0 : this.#first - first);
    this.#first = first;
    this.#counts = counts;
  }
}

function roundDown(bucket: number): number {
  return Math.floor(bucket / ROOM) * ROOM;
}
