import type {
  CallCost,
  Complexity,
  SessionAnalysis,
  SessionDocument,
  SessionTotals,
  TokenUsage,
  TranscriptFormat,
} from '@tracepost/contracts';

/** What agents did in their sessions: document, analysis and model calls of each. A session is known by tenant and id together. */
export interface SessionStore {
  /** Rejects with `SessionDamagedError` when what is kept of it cannot be read. */
  read(tenantId: string, sessionId: string): Promise<KeptSession | null>;
  /**
   * Writes the session and its calls in one transaction, in the place of what is kept, if that still has the version
   * `expectedVersion` (0: nothing is kept). `conflict`: it has not, nothing was written; read it again. Rejects with
   * `RecordsRefusedError` when it can never be stored (larger than `MAX_SESSION_BYTES`, a count that is none), with any
   * other error when trying again may help.
   */
  write(session: SessionToKeep, expectedVersion: number): Promise<'written' | 'conflict'>;
  /**
   * Newest first, by when they began; at most 1,000 a page. A page of a search for words may hold fewer than were asked for, even
   * none, and still have a next one: only so many sessions are looked through at a time. Sessions that are damaged are left out and
   * named. Rejects with `InvalidCursorError`.
   */
  list(query: SessionListQuery): Promise<{ items: SessionSummary[]; nextCursor: string | null; unreadable: string[] }>;
  /**
   * The sessions of a window, newest first, page by page, each of bounded size; `limit` of them at most (10,000 when nothing is
   * said). What is written while the pages are read may or may not be among them; nothing comes twice. The last page says whether
   * there were more.
   */
  analyses(query: SessionQuery & { readonly limit?: number }): AsyncIterable<SessionPage>;
  /**
   * Exact sums over the calls of a window. A call that stands in several sessions of a tenant (a fork, a resumed session) counts in one:
   * that which began first, of those that began together the one with the smallest id; decided when asked, so that the order in which they
   * were taken does not matter. Largest cost first. Rejects with `QueryTooLargeError` beyond 10,000 groups.
   */
  sumCalls(query: CallQuery, groupBy: readonly CallGrouping[]): Promise<CallSum[]>;
  /** The calls of this session that are counted in another one, by call id. */
  countedElsewhere(tenantId: string, sessionId: string): Promise<CountedElsewhere[]>;
  /**
   * Sessions whose last event was at least `quietMs` ago (30 minutes when nothing is said; one whose transcript tells no times:
   * since it was written last) and that were written after their last export, or of whose calls some count elsewhere since, oldest first; at most 100, and no more of them at a time
   * than memory has room for. None: there are no more. One whose analysis cannot be read does not keep the others from being listed.
   */
  listClosed(query: {
    readonly nowMs: number;
    readonly quietMs?: number;
    readonly limit?: number;
  }): Promise<(ClosedSession | UnreadableSession)[]>;
  /** The session as it was with this version is exported; should it have been written since, it will be listed again. */
  markExported(sessions: readonly Pick<ClosedSession, 'tenantId' | 'sessionId' | 'version'>[]): Promise<void>;
  /**
   * Forgets sessions that were last written so long ago (90 days when nothing is said), whatever times their transcripts name: one that is
   * brought in late is kept as long as any other. Some at a time; gives how many.
   */
  purge(nowMs: number, olderThanMs?: number): Promise<number>;
  /** Rejects when the store cannot answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Most bytes of a document, or of an analysis with its previous costs, as JSON, before they are compressed. */
export const MAX_SESSION_BYTES = 64 * 1024 * 1024;

export interface SessionToKeep {
  readonly tenantId: string;
  readonly document: SessionDocument;
  readonly analysis: SessionAnalysis;
  readonly calls: readonly KeptCall[];
  readonly previousCosts: readonly PreviousCosts[];
  readonly nowMs: number;
  /** Of what is kept: where a session stands whose transcript tells no times. Now when nothing is. */
  readonly takenAtMs?: number;
}

export interface KeptSession {
  readonly tenantId: string;
  readonly document: SessionDocument;
  readonly analysis: SessionAnalysis;
  /** Newest first. */
  readonly previousCosts: readonly PreviousCosts[];
  /** From 1, one more with each write. */
  readonly version: number;
  /** When it was written first and last. */
  readonly takenAtMs: number;
  readonly changedAtMs: number;
}

/** What calls cost before their prices changed. */
export interface PreviousCosts {
  readonly replacedAtMs: number;
  /** Of the session as a whole. */
  readonly costUsd: number | null;
  readonly unpricedCalls: number;
  /** Of those calls only whose cost became another one. */
  readonly calls: readonly CallCost[];
}

/** What is summed of a model call. One that tried several models is several of these under one id. */
export interface KeptCall {
  readonly callId: string;
  /** 0: the call itself, which is counted; from 1: an attempt inside it on another model, whose tokens and cost are. */
  readonly part: number;
  readonly provider: string | null;
  readonly model: string | null;
  /** Null: not known; it stands where its session began. */
  readonly atMs: number | null;
  readonly status: 'ok' | 'failed' | 'aborted';
  readonly usage: TokenUsage;
  readonly usageSource: 'reported' | 'estimated';
  /** Null: unpriced. */
  readonly costPicodollars: bigint | null;
}

/**
 * Conditions are joined by and. `fromMs` is the first instant, `toMs` the first one after: a session is found when any of its time, from
 * its first to its last event, lies between. One whose transcript tells no times stands where it was taken first.
 */
export interface SessionQuery {
  /** All tenants when none is given. */
  readonly tenantId?: string;
  readonly agentId?: string;
  /** One of its calls has this provider, this model; when both are given, the same call. */
  readonly provider?: string;
  readonly model?: string;
  readonly complexity?: Complexity;
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface SessionListQuery extends SessionQuery {
  /** Anywhere in the ids, the title or the beginnings of the messages, in either case; means nothing but itself. */
  readonly text?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export interface SessionSummary {
  readonly tenantId: string;
  readonly sessionId: string;
  readonly format: TranscriptFormat;
  readonly agentId: string;
  readonly parentSessionId: string | null;
  readonly title: string | null;
  readonly outcome: SessionDocument['outcome'];
  readonly providers: readonly string[];
  readonly models: readonly string[];
  readonly complexity: Complexity;
  readonly totals: SessionTotals;
  readonly version: number;
  readonly takenAtMs: number;
  readonly changedAtMs: number;
}

export interface SessionPage {
  readonly items: readonly {
    readonly tenantId: string;
    readonly analysis: SessionAnalysis;
    readonly version: number;
    /** Of its calls those that are counted in another session; absent: none. */
    readonly elsewhere?: ElsewhereSum;
  }[];
  /** Ids of those whose analysis cannot be read: they are damaged where they are kept. */
  readonly unreadable: readonly string[];
  /** The limit was reached, and there are older sessions in the window. */
  readonly isCut: boolean;
}

/** Of the calls themselves: `fromMs` and `toMs` are about `atMs`. */
export interface CallQuery {
  readonly tenantId?: string;
  readonly agentId?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly sessionId?: string;
  readonly fromMs?: number;
  readonly toMs?: number;
}

export type CallGrouping = 'tenant' | 'provider' | 'model' | 'agent' | 'hour' | 'day';

export interface CallSum {
  /** What was grouped by; null: not known. Hours and days of UTC, by the time at which they begin. */
  readonly tenantId?: string;
  readonly provider?: string | null;
  readonly model?: string | null;
  readonly agentId?: string;
  readonly startMs?: number;
  readonly calls: number;
  readonly failedCalls: number;
  readonly estimatedCalls: number;
  readonly unpricedCalls: number;
  /** How many sessions the calls are counted in. */
  readonly sessions: number;
  readonly usage: Readonly<Record<keyof TokenUsage, bigint>>;
  readonly costPicodollars: bigint;
}

export interface CountedElsewhere {
  readonly callId: string;
  readonly sessionId: string;
}

/** What of a session is counted in another one that has the same calls. */
export interface ElsewhereSum {
  readonly calls: number;
  /** Input and output. */
  readonly tokens: number;
  /** Of those that have a price. */
  readonly costUsd: number;
}

export interface ClosedSession {
  readonly tenantId: string;
  readonly sessionId: string;
  readonly version: number;
  readonly lastEventMs: number;
  readonly analysis: SessionAnalysis;
  /** Absent: all of it counts here. */
  readonly elsewhere?: ElsewhereSum;
}

/** One that is kept, but damaged, and why its analysis cannot be read. */
export interface UnreadableSession extends Omit<ClosedSession, 'analysis' | 'elsewhere'> {
  readonly analysis: null;
  readonly reason: string;
}
