/** How many more idempotency keys there may be: counted seldom, and kept up by what this process adds and takes away meanwhile. */
export interface KeyRoom {
  /** Takes room for up to so many keys that may be new; gives for how many there was some, as far as it is known now. */
  take(wanted: number): number;
  /** Where there was none: counts again if that may show otherwise, and says whether there is some. */
  look(): Promise<boolean>;
  /** So many were not needed, or are gone. */
  free(count: number): void;
}

export interface KeyRoomOptions {
  readonly maxKeys: number;
  /** How many there are, at most `maxKeys`. */
  readonly count: () => Promise<number>;
  /** Counting ten million takes a database about a second: where there is no room it is done again after so long, elsewhere after ten times that. */
  readonly recountMs?: number;
}

const RECOUNT_MS = 30_000;

/**
 * Other processes add and take away too, which is found out by counting: so there may be a little more than `maxKeys`, never much. While it is
 * counted the first time, and while the database does not answer, what this process has added counts alone.
 */
export function createKeyRoom({ maxKeys, count, recountMs = RECOUNT_MS }: KeyRoomOptions): KeyRoom {
  let used = 0;
  let countedAt = Number.NEGATIVE_INFINITY;
  /** Nothing changed while it was counted. */
  let isExact = true;
  let counting: Promise<void> | null = null;

  const recount = async (): Promise<void> => {
    const before = used;
    countedAt = performance.now();
    const counted = await count().catch(() => null);
    // Whether what changed meanwhile was counted nobody knows; what was added counts rather twice than never.
    isExact = used === before;
    if (counted !== null) used = Math.max(0, counted + used - before);
    counting = null;
  };
  const isOlderThan = (ms: number): boolean => performance.now() - countedAt > ms;

  return {
    take(wanted) {
      const granted = Math.max(0, Math.min(wanted, maxKeys - used));
      if (isOlderThan(granted === wanted ? 10 * recountMs : recountMs)) counting ??= recount();
      used += granted;
      return granted;
    },
    async look() {
      await counting;
      // Where there is no room nothing is added either, so that a second count says how it is.
      if (used >= maxKeys && !isExact) {
        counting ??= recount();
        await counting;
      }
      return used < maxKeys;
    },
    free(gone) {
      used = Math.max(0, used - gone);
    },
  };
}
