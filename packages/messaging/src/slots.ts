export interface Slots {
  /** Resolves true with a slot taken, false when no slot will be given any more. */
  take(): Promise<boolean>;
  give(): void;
  /** Everybody who waits is told no. */
  close(): void;
}

/** At most `count` at a time, first come first served. */
export function createSlots(count: number): Slots {
  const waiting: ((isTaken: boolean) => void)[] = [];
  let free = count;
  let isClosed = false;
  return {
    take() {
      if (isClosed) return Promise.resolve(false);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(true);
      }
      return new Promise((resolve) => waiting.push(resolve));
    },
    give() {
      const next = waiting.shift();
      if (next) next(true);
      else free += 1;
    },
    close() {
      isClosed = true;
      for (const tell of waiting.splice(0)) tell(false);
    },
  };
}
