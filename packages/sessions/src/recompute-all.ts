import type { PriceBook } from '@tracepost/pricing';
import { type KeptSession, RecordsRefusedError, SessionDamagedError, type SessionStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import type { SessionTaker } from './session-taker.ts';

/** Of all sessions that were looked at. */
export interface Recomputed {
  readonly sessions: number;
  /** Analysed anew and written, whether a cost became another one or not. */
  readonly recomputed: number;
  /** Of this price book already, or gone since. */
  readonly unchanged: number;
  /** Those that can never be written again; they stay as they were. */
  readonly failed: number;
}

export interface RecomputeAllOptions {
  readonly store: Pick<SessionStore, 'list' | 'read'>;
  readonly priceBook: Pick<PriceBook, 'version'>;
  readonly recompute: SessionTaker['recompute'];
  readonly telemetry: Pick<Telemetry, 'logger'>;
  readonly signal?: AbortSignal;
  readonly onProgress: (recomputed: Recomputed) => void;
}

const PAGE = 500;

/** Whether its costs are of these prices: nothing would come out of it that is not kept. */
export function isPricedBy({ version }: Pick<PriceBook, 'version'>, { prices }: KeptSession['analysis']): boolean {
  return prices === version;
}

/** One session at a time, page by page: memory does not grow with their number, and a write moves none to another page. */
export async function recomputeAll(tenantId: string, options: RecomputeAllOptions): Promise<Recomputed> {
  const { store, signal, onProgress } = options;
  const counts = { sessions: 0, recomputed: 0, unchanged: 0, failed: 0 };
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<SessionStore['list']>> = await store.list({
      tenantId,
      limit: PAGE,
      ...(cursor === null ? {} : { cursor }),
    });
    const all = [
      ...page.items.map(({ sessionId }) => ({ sessionId, isDamaged: false })),
      ...page.unreadable.map((sessionId) => ({ sessionId, isDamaged: true })),
    ];
    for (const session of all) {
      signal?.throwIfAborted();
      counts.sessions++;
      counts[await recomputeOne(tenantId, session, options)]++;
      onProgress({ ...counts });
    }
    cursor = page.nextCursor;
  } while (cursor !== null);
  return counts;
}

async function recomputeOne(
  tenantId: string,
  { sessionId, isDamaged }: { readonly sessionId: string; readonly isDamaged: boolean },
  options: RecomputeAllOptions,
): Promise<'recomputed' | 'unchanged' | 'failed'> {
  const { recompute, telemetry } = options;
  try {
    const always = isDamaged || (await isDamagedOrOfOtherPrices(tenantId, sessionId, options));
    if (always === null) return 'unchanged';
    const outcome = await recompute(tenantId, sessionId, { always });
    if (outcome === 'damaged') return 'failed';
    return outcome === 'recomputed' ? 'recomputed' : 'unchanged';
  } catch (error) {
    if (!(error instanceof RecordsRefusedError)) throw error;
    telemetry.logger.warn({ layer: 'store', result: 'error', sessionId, error }, 'A session could not be recomputed');
    return 'failed';
  }
}

/** Whether it has to be written whatever comes out of it; null: it is of these prices, or gone. */
async function isDamagedOrOfOtherPrices(
  tenantId: string,
  sessionId: string,
  { store, priceBook }: RecomputeAllOptions,
): Promise<boolean | null> {
  try {
    const kept = await store.read(tenantId, sessionId);
    return !kept || isPricedBy(priceBook, kept.analysis) ? null : false;
  } catch (error) {
    if (error instanceof SessionDamagedError) return true;
    throw error;
  }
}
