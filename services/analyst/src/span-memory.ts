import { randomInt } from 'node:crypto';

/** Knows the spans that were taken lately, each by its trace and its own id. */
export interface SpanMemory {
  has(trace: string, spanId: string): boolean;
  /** False when it was known. */
  add(trace: string, spanId: string): boolean;
}

/** Two generations of so many: several of the longest traces that are taken, in at most 16 MiB, and in little where little comes. */
const PER_GENERATION = 500_000;

/**
 * Sixty-four bits of each span, in flat arrays: as texts in a set they would take ten times as much. Of one trace no two spans are mistaken for
 * each other, as their ids are kept whole; of two traces nobody can make them so, as what is mixed in is drawn at the start.
 */
export function createSpanMemory({ perGeneration = PER_GENERATION } = {}): SpanMemory {
  const mark = createMark();
  let newer = createTable();
  let older = createTable();
  return {
    has(trace, spanId) {
      const { high, low } = mark(trace, spanId);
      return newer.has(high, low) || older.has(high, low);
    },
    add(trace, spanId) {
      const { high, low } = mark(trace, spanId);
      if (!newer.add(high, low)) return false;
      const isNew = !older.has(high, low);
      if (newer.size >= perGeneration) {
        older = newer;
        newer = createTable();
      }
      return isNew;
    },
  };
}

/** Never two zeros, which say in a table that nothing is there. */
interface Mark {
  readonly high: number;
  readonly low: number;
}

function createMark(): (trace: string, spanId: string) => Mark {
  const seeds = [randomInt(2 ** 32), randomInt(2 ** 32)] as const;
  // Spans of one trace mostly come one behind the other.
  let last = { trace: '', high: 0, low: 0 };
  return (trace, spanId) => {
    if (trace !== last.trace) last = { trace, high: mix(trace, seeds[0]), low: mix(trace, seeds[1]) };
    const high = (eightDigits(spanId, 0) ^ last.high) >>> 0;
    const low = (eightDigits(spanId, 8) ^ last.low) >>> 0;
    return { high, low: high === 0 && low === 0 ? 1 : low };
  };
}

/** Of lower-case hex, as all ids are; without a text of its own for each half. */
function eightDigits(hex: string, from: number): number {
  let value = 0;
  for (let at = from; at < from + 8; at += 1) {
    const code = hex.charCodeAt(at);
    value = (value << 4) | (code - (code > DIGIT_9 ? LETTER_A_IS_TEN : DIGIT_0));
  }
  return value;
}

const DIGIT_0 = 48;
const DIGIT_9 = 57;
const LETTER_A_IS_TEN = 87;

/** FNV-1a from a seed, and the last steps of MurmurHash3, after which every bit depends on every other. */
function mix(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return scatter(hash);
}

function scatter(bits: number): number {
  let hash = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const FIRST_PLACES = 1_024;

/** Open addressing; grown to keep half of the places free. Both halves of a mark say where it is: of ids that share one, each would be behind all others. */
function createTable() {
  let marks = new Uint32Array(2 * FIRST_PLACES);
  let size = 0;

  /** Where it is, or would be. */
  const placeOf = (high: number, low: number): number => {
    const last = marks.length - 2;
    let place = (2 * scatter(scatter(high) ^ low)) & last;
    while ((marks[place] !== high || marks[place + 1] !== low) && (marks[place] !== 0 || marks[place + 1] !== 0))
      place = (place + 2) & last;
    return place;
  };
  const put = (high: number, low: number): boolean => {
    const place = placeOf(high, low);
    if (marks[place] !== 0 || marks[place + 1] !== 0) return false;
    marks[place] = high;
    marks[place + 1] = low;
    return true;
  };
  const grow = (): void => {
    const before = marks;
    marks = new Uint32Array(2 * before.length);
    for (let at = 0; at < before.length; at += 2) {
      const [high = 0, low = 0] = [before[at], before[at + 1]];
      if (high !== 0 || low !== 0) put(high, low);
    }
  };

  return {
    get size() {
      return size;
    },
    has(high: number, low: number): boolean {
      const place = placeOf(high, low);
      return marks[place] !== 0 || marks[place + 1] !== 0;
    },
    /** False when it was there. */
    add(high: number, low: number): boolean {
      if (!put(high, low)) return false;
      size += 1;
      if (size * 4 > marks.length) grow();
      return true;
    },
  };
}
