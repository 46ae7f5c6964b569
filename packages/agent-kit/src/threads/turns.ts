export interface Turns {
  /** Gives what ends the turn; null when the signal was aborted or the time was over first. First come, first served. */
  take(signal: AbortSignal, withinMs: number): Promise<(() => void) | null>;
}

/** One at a time. */
export function createTurns(): Turns {
  const line: ((end: () => void) => void)[] = [];
  let isTaken = false;

  const end = (): void => {
    const next = line.shift();
    if (next) next(once(end));
    else isTaken = false;
  };

  return {
    async take(signal, withinMs) {
      if (signal.aborted) return null;
      if (!isTaken) {
        isTaken = true;
        return once(end);
      }
      return new Promise((resolve) => {
        const late = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
        const leave = (): void => {
          line.splice(line.indexOf(begin), 1);
          resolve(null);
        };
        const begin = (mine: () => void): void => {
          late.removeEventListener('abort', leave);
          resolve(mine);
        };
        late.addEventListener('abort', leave, { once: true });
        line.push(begin);
      });
    },
  };
}

function once(call: () => void): () => void {
  let isCalled = false;
  return () => {
    if (isCalled) return;
    isCalled = true;
    call();
  };
}
