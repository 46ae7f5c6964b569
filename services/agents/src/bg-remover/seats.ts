export interface Seat<T> {
  readonly item: T;
  giveBack(): void;
}

export type NoSeat = 'busy' | 'closed' | 'aborted';

/** A fixed number of things, one holder each, and a line of limited length before them; first come, first served. */
export interface Seats<T> {
  take(signal: AbortSignal): Promise<Seat<T> | NoSeat>;
  /** Sends away who waits, waits for who sits, then ends each thing. Safe to call twice. */
  close(end: (item: T) => Promise<void>): Promise<void>;
}

export function createSeats<T>(items: readonly T[], maxWaiting: number): Seats<T> {
  const free = [...items];
  const line: { give(seat: Seat<T> | NoSeat): void }[] = [];
  let allFree: (() => void) | null = null;
  let closing: Promise<void> | null = null;

  function seatFor(item: T): Seat<T> {
    let isTaken = true;
    return {
      item,
      giveBack() {
        if (!isTaken) return;
        isTaken = false;
        const next = line.shift();
        if (next) return next.give(seatFor(item));
        free.push(item);
        if (free.length === items.length) allFree?.();
      },
    };
  }

  async function endAll(end: (item: T) => Promise<void>): Promise<void> {
    for (const waiting of line.splice(0)) waiting.give('closed');
    if (free.length < items.length) await new Promise<void>((resolve) => (allFree = resolve));
    await Promise.all(items.map(end));
  }

  return {
    async take(signal) {
      if (closing) return 'closed';
      if (signal.aborted) return 'aborted';
      const item = free.shift();
      if (item !== undefined) return seatFor(item);
      if (line.length >= maxWaiting) return 'busy';
      return new Promise((resolve) => {
        const waiting = {
          give(seat: Seat<T> | NoSeat) {
            signal.removeEventListener('abort', leave);
            resolve(seat);
          },
        };
        const leave = (): void => {
          line.splice(line.indexOf(waiting), 1);
          resolve('aborted');
        };
        signal.addEventListener('abort', leave, { once: true });
        line.push(waiting);
      });
    },
    close(end) {
      closing ??= endAll(end);
      return closing;
    },
  };
}
