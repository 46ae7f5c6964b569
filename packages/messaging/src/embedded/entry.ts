import type { IncomingMessage } from '../broker.ts';

/** In the file as numbers: what a process that opens it again has to know of a delivery. */
export const NEVER_DELIVERED = 0;
export const IN_HANDS = 1;
export const GIVEN_BACK = 2;
export type EntryState = typeof NEVER_DELIVERED | typeof IN_HANDS | typeof GIVEN_BACK;

/** One message in one queue. */
export interface Entry {
  /** Order within a queue and priority. */
  readonly id: number;
  readonly priority: number;
  readonly content: Content;
  /** How often it came back by a crash or a `reject`. */
  failures: number;
  /** When it has waited long enough, by this process's own clock that nobody can set; null when it may wait for ever. */
  readonly dueAt: number | null;
  state: EntryState;
}

/** What was published, once for all durable queues that have it. */
export interface Content {
  /** Null for what is in memory only. */
  readonly id: number | null;
  readonly bytes: number;
  /** Entries that need it. */
  references: number;
  /** Null while it lies only in the file. */
  message: IncomingMessage | null;
}
