import { derivedId } from '../building/derived-id.ts';
import { type Fields, isFields } from '../building/values.ts';

const COUNTS = ['input_tokens', 'cached_input_tokens', 'output_tokens', 'reasoning_output_tokens'] as const;

export interface CountedCall {
  /** The provider's own counts of this call. */
  readonly usage: Fields;
  /** The same for the same call wherever its line is copied to, within one family of sessions. */
  readonly key: string;
  /** Nothing was counted before it: the counter of this session began at zero. */
  readonly isFirst: boolean;
  /** The call that a record has told already, with the same counts; null: none has. */
  readonly toldAs: string | null;
}

const NONE: readonly number[] = COUNTS.map(() => 0);

/** A count comes soon after the record of the same call. */
const MOST_TOLD = 16;

/**
 * Turns the running totals of a session into calls. The same totals come again when something else is told with them (rate
 * limits), and totals without a call come after the context was compacted or a session was forked: neither is a call.
 */
export class TokenCounts {
  #total: readonly number[] | null = null;
  #last: readonly number[] | null = null;
  /** Told by a record of its own; a count that says the same is the count of that. By call. */
  readonly #told = new Map<string, readonly number[]>();
  /** Answers that a record has told since the total, the latest of them: the next total will hold these, also where the count of one is lost. */
  #ahead: { readonly callId: string; readonly counts: readonly number[] }[] = [];
  /** The sum of all of them. */
  #aheadSum: readonly number[] = NONE;

  /** Null: this line tells no new call. */
  next(info: Fields): CountedCall | null {
    const total = isFields(info.total_token_usage) ? countsOf(info.total_token_usage) : null;
    const before = this.#total;
    if (total) this.#total = total;
    if (total && before && isSame(total, before)) return null;
    const counted = this.#counted(info, total, before);
    if (total) this.#passed(counted?.toldAs ?? null);
    return counted;
  }

  #counted(info: Fields, total: readonly number[] | null, before: readonly number[] | null): CountedCall | null {
    const last = isFields(info.last_token_usage) ? info.last_token_usage : total && difference(total, before);
    if (!last) return null;
    const counts = countsOf(last);
    // Without input or output it is no call, whatever the total says.
    if (isNothing(counts)) return null;
    this.#last = counts;
    return { usage: last, ...callOf(total, counts), toldAs: this.#takeTold(counts) };
  }

  /** What the count of a call will say that a record tells of before. */
  expected(usage: Fields): Pick<CountedCall, 'key' | 'isFirst'> {
    const counts = countsOf(usage);
    return callOf(sumOf(sumOf(counts, this.#aheadSum), this.#total ?? NONE), counts);
  }

  /** This answer was counted by its record: it is in the totals from now on. */
  goOn(usage: Fields, callId: string): void {
    const counts = countsOf(usage);
    this.#ahead.push({ callId, counts });
    this.#aheadSum = sumOf(this.#aheadSum, counts);
    if (this.#ahead.length > MOST_TOLD) this.#ahead.shift();
  }

  /** A new total came with the count of this call; null: of one that no record has told. */
  #passed(callId: string | null): void {
    const place = this.#ahead.findIndex((one) => one.callId === callId);
    this.#ahead = place < 0 ? [] : this.#ahead.slice(place + 1);
    this.#aheadSum = this.#ahead.map(({ counts }) => counts).reduce(sumOf, NONE);
  }

  /** Whether the usage of a record was not told by the last count. */
  isUncounted(usage: Fields): boolean {
    const counts = countsOf(usage);
    return !isNothing(counts) && (this.#last === null || !isSame(counts, this.#last));
  }

  /** A record has told this: the next count that says the same tells no new call. */
  told(usage: Fields, callId: string): void {
    this.#told.set(callId, countsOf(usage));
    const [oldest] = this.#told.keys();
    if (this.#told.size > MOST_TOLD && oldest !== undefined) this.#told.delete(oldest);
  }

  #takeTold(counts: readonly number[]): string | null {
    for (const [callId, told] of this.#told) {
      if (!isSame(counts, told)) continue;
      this.#told.delete(callId);
      return callId;
    }
    return null;
  }
}

function callOf(total: readonly number[] | null, counts: readonly number[]): Pick<CountedCall, 'key' | 'isFirst'> {
  return { key: derivedId(...(total ?? []), ...counts), isFirst: total === null || isSame(total, counts) };
}

function sumOf(counts: readonly number[], others: readonly number[]): readonly number[] {
  return counts.map((count, index) => count + (others[index] ?? 0));
}

function isNothing(counts: readonly number[]): boolean {
  return counts[0] === 0 && counts[2] === 0;
}

function isSame(counts: readonly number[], others: readonly number[]): boolean {
  return counts.every((count, index) => count === others[index]);
}

/** As they are written, wrong ones too: whether a count can be is decided where usage is read. */
function countsOf(usage: Fields): number[] {
  return COUNTS.map((name) => (typeof usage[name] === 'number' ? usage[name] : 0));
}

/** Of an old version that told totals only. A total that fell began anew. */
function difference(total: readonly number[], before: readonly number[] | null): Fields {
  const isAnew = before === null || total.some((count, index) => count < (before[index] ?? 0));
  return Object.fromEntries(
    COUNTS.map((name, index) => [name, (total[index] ?? 0) - (isAnew ? 0 : (before?.[index] ?? 0))]),
  );
}
