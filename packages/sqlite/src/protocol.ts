import type { SqliteOptions, SqliteValue, Statement } from './sqlite.ts';

/** What travels between the calling thread and its database threads: arrays of these, one array per turn of the event loop. */
export type Request =
  | { readonly kind: 'write'; readonly id: number; readonly statements: readonly Statement[] }
  | { readonly kind: 'read'; readonly id: number; readonly sql: string; readonly params: readonly SqliteValue[] }
  /** Answered with what it took, too. */
  | { readonly kind: 'look'; readonly id: number; readonly sql: string; readonly params: readonly SqliteValue[] }
  /** Answered when the writer's connection belongs to the session; the session is named by the id of this request. */
  | { readonly kind: 'acquire'; readonly id: number }
  | { readonly kind: 'execute'; readonly id: number; readonly session: number; readonly statement: Statement }
  | { readonly kind: 'release'; readonly id: number; readonly session: number }
  /** The last one: everything before it is finished first. */
  | { readonly kind: 'close'; readonly id: number };

export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: ReplyError };

/** What a look is answered with; `tookMs` without the wait for its turn. */
export interface Looked {
  readonly rows: readonly unknown[];
  readonly tookMs: number;
}

export interface ReplyError {
  readonly kind: 'refused' | 'failed' | 'session-lost' | 'cannot-open';
  readonly message: string;
  readonly sqliteCode: number;
}

/** The first message of a thread says whether it could open the file; its id belongs to no request. */
export const OPENED = 0;

export type ThreadOptions = Pick<SqliteOptions, 'path' | 'synchronous' | 'schema'> & {
  readonly pragmas: readonly string[];
  readonly exclusive: boolean;
  readonly sessionIdleMs: number;
};
