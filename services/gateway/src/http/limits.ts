/** Limits of the gateway's door. Fastify's and Node's own are partly none at all. */
export const LIMITS = {
  /** Largest JSON body. */
  bodyBytes: 256 * 1024,
  /** Connections at a time; further ones are closed at once. */
  connections: 2_000,
  /** A client has to have sent its headers by then … */
  headersTimeoutMs: 8_000,
  /** … and its whole request by then, an artifact included. */
  requestTimeoutMs: 25_000,
  /** How often Node looks for clients past the two deadlines above; its default of 30 s would make them 40 and 60 s. */
  timeoutCheckMs: 1_000,
  /** An idle connection that has been used is kept this long. */
  keepAliveTimeoutMs: 10_000,
  /** A connection on which nothing moves at all; longer than the longest wait that a client may ask for. */
  idleConnectionMs: 90_000,
  /** Server-sent event streams at a time. */
  streams: 500,
  /** Shorter than the idle limits of common proxies (60 s), and than the one above. */
  heartbeatMs: 15_000,
  /** A stream whose client has left so much unread is closed. */
  unreadBytes: 1024 * 1024,
  /** Exports at a time. */
  exports: 8,
  /** Longest part of a path: a task id of 128 characters, each percent-encoded. */
  paramLength: 400,
  /** How long the start waits for what is known of agents. */
  warmUpMs: 1_000,
  /** Within this time the gateway stops, whatever its clients do. */
  stopMs: 8_000,
  /** What was accepted is told to the others for so long after that; `started` tells the same. */
  drainMs: 2_000,
  stopSweepMs: 25,
  /** A store that has not answered by then is told as unavailable. */
  storeTimeoutMs: 5_000,
  /** The same for a question about metrics, which may read a million numbers. */
  metricTimeoutMs: 10_000,
  /** The same for a trace, of which the store has to read every span, however many are shown. */
  traceTimeoutMs: 10_000,
  /** The same for the store of idempotency keys, which stands between a client and its 202. */
  keyTimeoutMs: 2_000,
  /** Transcripts that are received or waited for at a time … */
  imports: 64,
  /** … how long the end of one is waited for before its task is told instead … */
  importWaitMs: 60_000,
  /** … and how long its bytes may be under way. */
  importMs: 3_600_000,
  /** Notifications that wait for the broker, the key store or the disk, and as many requests that record … */
  waitingRequests: 1_000,
  /** … and the bytes of their bodies. */
  waitingBytes: 32 * 1024 * 1024,
} as const;
