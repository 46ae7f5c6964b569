/** Idempotency keys at the door: `(tenant, agent, key)` stands for one task for 24 hours. */
export interface IdempotencyKeyStore {
  /**
   * Inserts the key if it is not there. `mine`: this request publishes, under this task id. `pending`: an earlier request holds it and was
   * not confirmed yet, or its gateway died: publishing again under **its** task id is safe. `answered`: the first answer. `conflict`: another body came with this key.
   * `full`: there are as many keys as there may be, and this is none of them: nothing may be published. None makes room for another before its
   * time: what it stands for could be asked for again, and would be done twice.
   * Rejects when the store cannot answer: nothing may be published then.
   */
  claim(request: {
    readonly tenantId: string;
    readonly agentId: string;
    readonly key: string;
    /** SHA-256 of the body, hex. */
    readonly bodyHash: string;
    readonly taskId: string;
    readonly traceId: string;
    readonly nowMs: number;
  }): Promise<KeyOutcome>;
  /** The answer that every later request with this key gets. */
  answer(key: {
    readonly tenantId: string;
    readonly agentId: string;
    readonly key: string;
    readonly answer: unknown;
  }): Promise<void>;
  /** Nothing was accepted: the key is free again, if it is still pending for this task. */
  release(key: {
    readonly tenantId: string;
    readonly agentId: string;
    readonly key: string;
    readonly taskId: string;
  }): Promise<void>;
  /** Forgets keys older than 24 hours; how many. */
  purge(nowMs: number): Promise<number>;
}

export type KeyOutcome =
  | { readonly status: 'mine' }
  | { readonly status: 'pending'; readonly taskId: string; readonly traceId: string }
  | { readonly status: 'answered'; readonly answer: unknown }
  | { readonly status: 'conflict' }
  | { readonly status: 'full' };

/** Most keys at a time when nobody says otherwise: about 6 GB of a database. */
export const MAX_KEYS = 10_000_000;
