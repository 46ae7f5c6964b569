import { QueryTooLargeError } from '../recorded-metric-store.ts';
import { QUESTION_LIMITS } from './question.ts';

/** Counts the numbers that a question reads, and ends it when they become too many or nobody waits any more. */
export interface ReadingBudget {
  /** Throws `QueryTooLargeError` past the limit, and the reason of the signal when it is aborted. */
  spend(values: number): void;
}

export function createReadingBudget(signal: AbortSignal | undefined): ReadingBudget {
  let spent = 0;
  return {
    spend(values) {
      signal?.throwIfAborted();
      spent += values;
      if (spent > QUESTION_LIMITS.valuesRead)
        throw new QueryTooLargeError(
          `The question would read more than ${QUESTION_LIMITS.valuesRead} numbers; ask for a shorter range, for windows of whole hours, or for fewer series by "where".`,
        );
    },
  };
}

/** For what is stored already and has to be put together, however much it is. */
export const UNLIMITED: ReadingBudget = { spend: () => {} };
