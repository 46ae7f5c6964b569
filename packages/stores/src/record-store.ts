import type { AgentAnnouncement, TaskEvent, TaskRecord, TaskStatus } from '@tracepost/contracts';

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
  /**
   * At most 1,000 a page. A page of a search for words may hold fewer than were asked for, even none, and still have a
   * next one: only so many tasks are looked through at a time. Rejects with `InvalidCursorError` on a cursor that no page gave.
   */
  listTasks(query: TaskQuery): Promise<{ items: TaskRecord[]; nextCursor: string | null }>;
  /** Newer announcements of a worker replace older ones; an older one changes nothing. Rejects like `applyTaskEvents`. */
  applyAnnouncements(announcements: readonly AgentAnnouncement[]): Promise<void>;
  /**
   * The newest announcement of every worker, by agent id, then worker id. A worker may be forgotten when its agent was
   * heard thirty days later; the last word of an agent never is.
   */
  listAnnouncements(): Promise<AgentAnnouncement[]>;
  countTasks(): Promise<number>;
  /** For every agent that has tasks. */
  countByAgent(since: string): Promise<AgentTaskCounts[]>;
  /** Forgets ended tasks that were accepted over `olderThanMs` ago, some thousands at a time; how many. */
  purgeTasks(nowMs: number, olderThanMs: number): Promise<number>;
  /** Rejects when the store cannot answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Conditions are joined by and; `status` is any of those named. `from` is the first instant, `to` the first one after; both of `acceptedAt`. */
export interface TaskQuery {
  readonly agentId?: string;
  readonly status?: readonly TaskStatus[];
  readonly notificationType?: string;
  readonly source?: string;
  readonly sessionId?: string;
  readonly correlationId?: string;
  readonly traceId?: string;
  readonly parentTaskId?: string;
  /** Anywhere in error, result (names and values) or ids, in either case, within their first 4,000 characters; means nothing but itself. */
  readonly text?: string;
  readonly from?: string;
  readonly to?: string;
  /** By `acceptedAt`; default newest first. */
  readonly sort?: 'newest' | 'oldest';
  readonly limit: number;
  readonly cursor?: string;
}

/** What the records say of an agent's queue: exact as far as they are written. */
export interface AgentTaskCounts {
  readonly agentId: string;
  /** `acceptedAt` of the oldest task that has status `accepted`; null when there is none. */
  readonly oldestAcceptedAt: string | null;
  readonly running: number;
  readonly retrying: number;
  /** Accepted, and begun, at or after `since`. */
  readonly acceptedSince: number;
  readonly startedSince: number;
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
