import type { AuditAction, AuditEntry } from '@tracepost/contracts';

/** Who cancelled, retried, re-queued or deleted; only ever appended to. Kept as long as task records (90 days). */
export interface AuditStore {
  add(entries: readonly AuditEntry[]): Promise<void>;
  /** Newest first. Rejects with `InvalidCursorError`. */
  list(query: {
    readonly taskId?: string;
    readonly action?: AuditAction;
    readonly from?: string;
    readonly to?: string;
    readonly limit: number;
    readonly cursor?: string;
  }): Promise<{ items: AuditEntry[]; nextCursor: string | null }>;
  /** Forgets entries that are older, some thousands at a time; 90 days when nothing is said. Gives how many. */
  purge(nowMs: number, olderThanMs?: number): Promise<number>;
}
