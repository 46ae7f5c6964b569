import type { MetricSample, RecordedEvent } from '@tracepost/contracts';

/** An event as it is stored; one that was recorded as a metric has its value beside it, and for `data` the same. */
export interface EventEntry {
  readonly event: RecordedEvent;
  readonly sample: MetricSample | null;
}

export interface RecordOutcome {
  /** Events that were new; of the others nothing was changed. */
  readonly recorded: number;
  /** New values whose series would have been one too many, and what its metric varies most by. */
  readonly overflowed: readonly SeriesOverflow[];
}

export interface SeriesOverflow {
  readonly name: string;
  /** The attribute with the most different values; null when there are too many names of metrics. */
  readonly attribute: string | null;
  readonly count: number;
}

/** What happened, as others told it. */
export interface EventStore {
  /**
   * Records each event once, by its id: told again, by whomever and under whatever content, it changes nothing. One transaction for
   * all, with the values of those that are metrics (`RecordedMetricStore`). Rejects with `RecordsRefusedError` when one of
   * them can never be stored, with any other error when trying again may help; nothing was stored then. `nowMs`, the time of
   * this moment when none is given, is what `purge` goes by.
   */
  record(entries: readonly EventEntry[], nowMs?: number): Promise<RecordOutcome>;
  /** Newest first. Rejects with `InvalidCursorError`. */
  list(query: EventQuery): Promise<{ items: RecordedEvent[]; nextCursor: string | null }>;
  /**
   * Forgets events, with their ids, that were recorded over `olderThanMs` ago (7 days when nothing is said), whatever time they
   * name; some thousands at a time. Gives how many.
   */
  purge(nowMs: number, olderThanMs?: number): Promise<number>;
}

/** Conditions are joined by and. `from` is the first instant, `to` the first one after; both of `timestamp`. */
export interface EventQuery {
  readonly type?: string;
  readonly source?: string;
  readonly correlationId?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly cursor?: string;
}
