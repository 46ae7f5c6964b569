import type { AgentAnnouncement, TaskEvent, TaskRecord } from '@tracepost/contracts';

/** Tasks and agents, as the recorder writes and the gateway reads them. */
export interface RecordStore {
  /**
   * Applies each event once, never backwards; one transaction for the batch. Rejects with `RecordsRefusedError` when
   * one of the events cannot be stored at all, with any other error when trying again may help.
   */
  applyTaskEvents(events: readonly TaskEvent[]): Promise<void>;
  getTask(taskId: string): Promise<TaskRecord | null>;
  /** The tasks that share this trace, oldest first, at most 100. */
  listTasksOfTrace(traceId: string): Promise<TaskRecord[]>;
  /** Newest first, at most 1,000 a page. Rejects with `InvalidCursorError` on a cursor that no page gave. */
  listTasks(query: TaskQuery): Promise<{ items: TaskRecord[]; nextCursor: string | null }>;
  /** Newer announcements of a worker replace older ones; an older one changes nothing. Rejects like `applyTaskEvents`. */
  applyAnnouncements(announcements: readonly AgentAnnouncement[]): Promise<void>;
  /**
   * The newest announcement of every worker, by agent id, then worker id. A worker may be forgotten when its agent was
   * heard thirty days later; the last word of an agent never is.
   */
  listAnnouncements(): Promise<AgentAnnouncement[]>;
  countTasks(): Promise<number>;
  /** Rejects when the store cannot answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface TaskQuery {
  readonly agentId?: string;
  readonly limit: number;
  readonly cursor?: string;
}

/** The cursor was not made by this store: nothing was read; begin again without one. */
export class InvalidCursorError extends Error {
  readonly code = 'stores/invalid-cursor';
  readonly isRetryable = false;
  override readonly name = 'InvalidCursorError';
}

/** Something in what was handed over can never be stored; nothing of it was: hand the rest over without it. */
export class RecordsRefusedError extends Error {
  readonly code = 'stores/records-refused';
  readonly isRetryable = false;
  override readonly name = 'RecordsRefusedError';
}
