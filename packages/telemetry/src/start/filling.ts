/** What came of handing on a batch. `later` keeps it; `taken` counts what the other side refused of it. */
export type SendOutcome =
  | { readonly status: 'taken'; readonly refused: readonly { readonly reason: string; readonly count: number }[] }
  | { readonly status: 'later'; readonly reason: string; readonly retryAfterMs?: number };

/** A batch that is ready to go, as often as it has to. */
export interface Parcel {
  readonly count: number;
  send(abort: AbortSignal): Promise<SendOutcome>;
}

/** The batch that is being filled. */
export interface Filling<T> {
  /** What it holds now: spans, log records, points. */
  readonly count: number;
  readonly isFull: boolean;
  /** Gives a reason when the item cannot be taken, ever. */
  add(item: T): string | null;
  /** Only to be called when it holds something; it is empty then. */
  seal(): Parcel;
}

/** The plain one: items are kept as they are. */
export function createListFilling<T>(
  maxItems: number,
  send: (items: readonly T[], abort: AbortSignal) => Promise<SendOutcome>,
): Filling<T> {
  let items: T[] = [];
  return {
    get count() {
      return items.length;
    },
    get isFull() {
      return items.length >= maxItems;
    },
    add: (item) => {
      items.push(item);
      return null;
    },
    seal: () => {
      const sealed = items;
      items = [];
      return { count: sealed.length, send: (abort) => send(sealed, abort) };
    },
  };
}
