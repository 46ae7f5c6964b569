import { QueryTooLargeError } from '../recorded-metric-store.ts';
import { QUESTION_LIMITS } from './question.ts';

/** Counts the numbers and the series that a question reads, and ends it when they become too many or nobody waits any more. */
export interface ReadingBudget {
  /** Throws `QueryTooLargeError` past the limit, and the reason of the signal when it is aborted. */
  spend(values: number): void;
  /** A series that has something to be read, by a text that tells it from the others. Throws `QueryTooLargeError` past the limit. */
  meet(series: string): void;
}

export function createReadingBudget(signal: AbortSignal | undefined): ReadingBudget {
  let spent = 0;
  const met = new Set<string>();
  return {
    spend(values) {
      signal?.throwIfAborted();
      spent += values;
      if (spent > QUESTION_LIMITS.valuesRead)
        throw new QueryTooLargeError(
          `The question would read more than ${QUESTION_LIMITS.valuesRead} numbers; ask for a shorter range, for windows of whole hours, or for fewer series by "where".`,
        );
    },
    meet(series) {
      met.add(series);
      if (met.size > QUESTION_LIMITS.seriesRead) throw tooManySeries();
    },
  };
}

export function tooManySeries(): QueryTooLargeError {
  return new QueryTooLargeError(
    `The question would read more than ${QUESTION_LIMITS.seriesRead} series; ask for a shorter range, or for fewer series by "where".`,
  );
}

/** For what is stored already and has to be put together, however much it is. */
export const UNLIMITED: ReadingBudget = { spend: () => {}, meet: () => {} };
