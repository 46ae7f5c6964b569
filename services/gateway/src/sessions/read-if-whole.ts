import { type KeptSession, SessionDamagedError } from '@tracepost/stores';
import type { SessionReads } from './session-reader.ts';

/** What is kept of a session, or that nobody can read it; null: nothing is kept. */
export async function readIfWhole(
  store: Pick<SessionReads, 'read'>,
  { tenantId, sessionId }: { readonly tenantId: string; readonly sessionId: string },
): Promise<KeptSession | 'damaged' | null> {
  try {
    return await store.read(tenantId, sessionId);
  } catch (error) {
    if (error instanceof SessionDamagedError) return 'damaged';
    throw error;
  }
}
