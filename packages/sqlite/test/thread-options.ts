/** What a database's thread is told; nothing of it matters where the thread is a made-up one. */
export const THREAD_OPTIONS = {
  path: 'test.db',
  synchronous: 'FULL',
  schema: [],
  pragmas: [],
  exclusive: false,
  sessionIdleMs: 0,
} as const;
