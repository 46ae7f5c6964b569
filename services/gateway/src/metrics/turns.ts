/** More questions wait than are let in line. */
export class TooManyQuestionsError extends Error {
  readonly code = 'gateway/too-many-questions';
  readonly isRetryable = true;
}

const AT_ONCE = 4;
const WAITING = 64;

/** Lets few questions in at a time, since each may read a million numbers, and a bounded number wait. */
export function createTurns({ atOnce = AT_ONCE, waiting = WAITING } = {}): {
  take<T>(work: () => Promise<T>): Promise<T>;
} {
  const line: (() => void)[] = [];
  let underWay = 0;

  return {
    async take(work) {
      if (underWay >= atOnce) {
        if (line.length >= waiting)
          throw new TooManyQuestionsError(`${waiting} questions about metrics wait already; ask again in a moment`);
        // Whoever ends gives its place away, so nobody who comes between can take it.
        await new Promise<void>((resolve) => line.push(resolve));
      } else underWay++;
      try {
        return await work();
      } finally {
        const next = line.shift();
        if (next) next();
        else underWay--;
      }
    },
  };
}
