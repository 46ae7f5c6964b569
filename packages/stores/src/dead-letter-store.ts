import type { AttemptHistoryEntry, TaskError } from '@tracepost/contracts';

/** Messages that were given up, as the recorder read them from the dead-letter queues. Kept for 30 days, or as long as an installation says. */
export interface DeadLetterStore {
  /**
   * Adding one twice changes nothing, also when it was removed meanwhile: one is back only when it died after the one that was removed had
   * (`deadAt` of both, so that it does not matter how late the letter comes, nor whose clock is right).
   * Rejects like `RecordStore.applyTaskEvents`.
   */
  add(letters: readonly DeadLetter[]): Promise<void>;
  /** Newest first, at most 1,000 and 16 MiB of bodies a page. Rejects with `InvalidCursorError`. */
  list(query: {
    readonly queue: string;
    readonly limit: number;
    readonly cursor?: string;
  }): Promise<{ items: DeadLetter[]; nextCursor: string | null }>;
  get(queue: string, taskId: string): Promise<DeadLetter | null>;
  /** False when there was none: somebody else was first. */
  remove(queue: string, taskId: string): Promise<boolean>;
  /**
   * Removes it for good, also when it has not come yet: whoever repeats a task in the moment in which it failed is faster than its letter, and that
   * would be there to be repeated once more. Only one that died after `deadAt` is back: when the task ended, as its record says.
   */
  forget(queue: string, taskId: string, deadAt: string): Promise<void>;
  /** How many lie there, by queue. */
  count(): Promise<ReadonlyMap<string, number>>;
  /** Forgets letters that are older, some thousands at a time; 30 days when nothing is said. Gives how many. */
  purge(nowMs: number, olderThanMs?: number): Promise<number>;
}

export interface DeadLetter {
  /** The task's id, or `m-` and 32 hex digits of the SHA-256 of the message when it names no task. */
  readonly taskId: string;
  /** The queue that gave it up: `agent.{agentId}`. */
  readonly queue: string;
  readonly agentId: string;
  readonly notificationType: string | null;
  readonly reason: string;
  readonly error: TaskError | null;
  /** When its task ended, as its record says too: the same however often and however late the letter is read. */
  readonly deadAt: string;
  readonly attempts: readonly AttemptHistoryEntry[];
  readonly traceId: string | null;
  /** Foreign headers as JSON values; Buffers as text. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}
