import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { analyseSession, type OwnToolCategories } from '@tracepost/analysis';
import type { SessionAnalysis, SessionDocument } from '@tracepost/contracts';
import type { PriceBook } from '@tracepost/pricing';
import {
  type KeptSession,
  RecordsRefusedError,
  SessionDamagedError,
  type SessionStore,
  StoreUnavailableError,
} from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { uniteDocuments } from '@tracepost/transcripts/documents';
import { whyRefused } from './check-document.ts';
import { keptCalls } from './kept-calls.ts';
import { isPricedBy, type Recomputed, recomputeAll } from './recompute-all.ts';
import { redactDocument } from './redact-document.ts';
import { replacedCosts } from './replaced-costs.ts';

export interface SessionTakerOptions {
  readonly store: SessionStore;
  readonly priceBook: PriceBook;
  /** Names of tools, before the table of the house. */
  readonly toolCategories?: OwnToolCategories;
  /** Secrets and addresses are masked before anything is stored; default true. */
  readonly redact?: boolean;
  readonly telemetry: Pick<Telemetry, 'metrics' | 'logger'>;
  readonly now?: () => number;
}

/** Brings what transcripts say into the store: masked, united with what is kept, analysed, written once. */
export interface SessionTaker {
  /**
   * Takes the documents one by one, each in a transaction of its own: cut off anywhere and taken again, the store holds what one
   * clean run gives. Where what is kept of a session is damaged, the document stands in its place. Rejects when the store does not
   * answer or others write the same session again and again; what was taken until then stays.
   */
  takeDocuments(
    documents: Iterable<SessionDocument> | AsyncIterable<SessionDocument>,
    options: { readonly tenantId: string; readonly signal?: AbortSignal },
  ): Promise<Taken>;
  /**
   * Analyses and prices a kept session anew, with the price book of this taker. What its calls cost before stays beside. One that comes to
   * the same is not written, but `always`.
   */
  recompute(tenantId: string, sessionId: string, options?: { readonly always?: boolean }): Promise<RecomputeOutcome>;
  /**
   * The same for every session of a tenant whose costs are of another price book, newest first, one at a time: cut off anywhere and
   * begun again, it goes on where it was, since what is done is of this book. One that cannot be kept or read is told and passed over.
   */
  recomputeAll(
    tenantId: string,
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (recomputed: Recomputed) => void },
  ): Promise<Recomputed>;
}

export interface Taken {
  /** Documents of sessions that were not kept before. */
  readonly imported: number;
  readonly updated: number;
  /** Everything that was said in them was kept already, with costs of the same prices; nothing was written. */
  readonly unchanged: number;
  /** Of all of these, in order, each once. */
  readonly sessionIds: readonly string[];
  readonly refused: readonly RefusedSession[];
}

/** A document that cannot be kept, and why; nothing of it was written. */
export interface RefusedSession {
  /** As far as it can be told: at most 200 characters. */
  readonly sessionId: string;
  readonly reason: string;
}

/** `damaged`: its document cannot be read; its transcript has to be imported again. */
export type RecomputeOutcome = 'recomputed' | 'unchanged' | 'not-found' | 'damaged';

type TakeOutcome = 'imported' | 'updated' | 'unchanged';

/** So often a session is read again that another one wrote in between. */
const MAX_TRIES = 20;
const LONGEST_TOLD_ID = 200;

export function createSessionTaker(options: SessionTakerOptions): SessionTaker {
  const { store, priceBook, redact = true, telemetry } = options;

  const takeOne = (document: SessionDocument, tenantId: string): Promise<TakeOutcome> => {
    const safe = redact ? redactDocument(document) : document;
    return untilWritten(document.sessionId, async () => {
      const kept = await readKept(options, tenantId, safe.sessionId);
      // A document alone is united with itself: it then has the form that it will have when it comes again.
      const united = asKept(uniteDocuments(kept?.document ?? safe, safe));
      const isKnown =
        kept?.analysis != null && isPricedBy(priceBook, kept.analysis) && isDeepStrictEqual(united, kept.document);
      if (isKnown) return 'unchanged';
      const isWritten = await write(options, { tenantId, kept, document: united, analysis: analyse(options, united) });
      return isWritten ? (kept ? 'updated' : 'imported') : null;
    });
  };

  const recompute: SessionTaker['recompute'] = (tenantId, sessionId, { always = false } = {}) =>
    untilWritten(sessionId, async () => {
      const kept = await readKept(options, tenantId, sessionId);
      if (!kept) return 'not-found';
      const { document } = kept;
      // Nothing is there that it could be made of.
      if (document === null) return 'damaged';
      const analysis = analyse(options, document);
      if (!always && isDeepStrictEqual(analysis, kept.analysis)) return 'unchanged';
      const isWritten = await write(options, { tenantId, kept, document, analysis });
      return isWritten ? 'recomputed' : null;
    });

  return {
    async takeDocuments(documents, { tenantId, signal }) {
      const counts: Record<TakeOutcome, number> = { imported: 0, updated: 0, unchanged: 0 };
      const sessionIds = new Set<string>();
      const refused: RefusedSession[] = [];
      for await (const document of documents) {
        signal?.throwIfAborted();
        const outcome = await refusing(document, () => takeOne(document, tenantId));
        telemetry.metrics.add('tracepost.sessions.taken', 1, {
          'tracepost.outcome': typeof outcome === 'string' ? outcome : 'refused',
        });
        if (typeof outcome === 'string') {
          counts[outcome]++;
          sessionIds.add(document.sessionId);
        } else {
          refused.push(outcome);
          telemetry.logger.warn({ layer: 'store', result: 'error', ...outcome }, 'A session was refused');
        }
      }
      return { ...counts, sessionIds: [...sessionIds], refused };
    },

    recompute,

    recomputeAll: (tenantId, { signal, onProgress = () => undefined } = {}) =>
      recomputeAll(tenantId, { store, priceBook, recompute, telemetry, onProgress, ...(signal ? { signal } : {}) }),
  };
}

/** Until the work is done; null is a conflict: somebody else wrote the session in between. */
async function untilWritten<T>(sessionId: string, work: () => Promise<T | null>): Promise<T> {
  for (let tried = 1; tried <= MAX_TRIES; tried++) {
    const done = await work();
    if (done !== null) return done;
    // Not at the same moment as the other one.
    await sleep(Math.random() * 10 * tried);
  }
  throw new StoreUnavailableError(
    'sessions',
    `The session ${tell(sessionId)} was written by others ${MAX_TRIES} times over, this document of it was not taken; take it again.`,
  );
}

/** What can never be stored is an outcome; everything else that goes wrong may pass. */
async function refusing<T>(document: SessionDocument, take: () => Promise<T>): Promise<T | RefusedSession> {
  const sessionId = tell(document.sessionId);
  const reason = whyRefused(document);
  if (reason !== null) return { sessionId, reason };
  try {
    return await take();
  } catch (error) {
    if (error instanceof RecordsRefusedError) return { sessionId, reason: error.message };
    throw error;
  }
}

/** As far as it can be read; null: that part is damaged. */
type Kept = Pick<KeptSession, 'version' | 'takenAtMs' | 'previousCosts'> & {
  readonly document: SessionDocument | null;
  readonly analysis: SessionAnalysis | null;
};
type Whole = Kept & Pick<KeptSession, 'document' | 'analysis'>;

async function readKept(
  { store, telemetry }: SessionTakerOptions,
  tenantId: string,
  sessionId: string,
): Promise<Kept | null> {
  try {
    return await store.read(tenantId, sessionId);
  } catch (error) {
    if (!(error instanceof SessionDamagedError)) throw error;
    telemetry.logger.error(
      { layer: 'store', result: 'error', tenantId, sessionId, error },
      'A kept session is damaged',
    );
    const { version, takenAtMs, document } = error;
    return { version, takenAtMs, document, analysis: null, previousCosts: [] };
  }
}

interface Writing {
  readonly tenantId: string;
  readonly kept: Kept | null;
  readonly document: SessionDocument;
  readonly analysis: SessionAnalysis;
}

async function write(
  { store, priceBook, now = Date.now }: SessionTakerOptions,
  { tenantId, kept, document, analysis }: Writing,
): Promise<boolean> {
  const nowMs = now();
  const calls = keptCalls(document, analysis, priceBook);
  const previousCosts = isWhole(kept) ? replacedCosts(kept, { document, analysis, nowMs }) : [];
  const session = { tenantId, document, analysis, calls, previousCosts, nowMs, takenAtMs: kept?.takenAtMs ?? nowMs };
  return (await store.write(session, kept?.version ?? 0)) === 'written';
}

function isWhole(kept: Kept | null): kept is Whole {
  return kept !== null && kept.document !== null && kept.analysis !== null;
}

function analyse({ priceBook, toolCategories }: SessionTakerOptions, document: SessionDocument): SessionAnalysis {
  return asKept(analyseSession(document, toolCategories ? { priceBook, toolCategories } : { priceBook }));
}

/** As it comes back from the store, so that two can be compared: JSON knows nothing that is undefined. */
function asKept<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function tell(sessionId: unknown): string {
  return String(sessionId).slice(0, LONGEST_TOLD_ID).toWellFormed();
}
