import type { ReadyCheck } from './health-server.ts';

/** A dependency that is asked again and again in the background, so that the answer is there when somebody wants it. */
export interface PingCheck {
  readonly check: ReadyCheck;
  close(): void;
}

export interface PingCheckOptions {
  /** What is asked, for the message: "Postgres". */
  readonly what: string;
  /** A rejection, or no answer in time, is none. */
  readonly ping: () => Promise<void>;
  /** Default 1,000. */
  readonly everyMs?: number;
  /** Default 1,500. */
  readonly timeoutMs?: number;
}

/**
 * Ready while the dependency answers. One failure is a moment; the second in a row counts, so that it is told in less than five seconds, and
 * the first answer afterwards is enough again. Before the first answer nothing is ready. Asking holds no process.
 */
export function createPingCheck({ what, ping, everyMs = 1_000, timeoutMs = 1_500 }: PingCheckOptions): PingCheck {
  let failures = FAILURES_THAT_COUNT;
  let reason = 'not asked yet';
  let isAsking = false;

  const ask = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    try {
      await inTime(ping, timeoutMs);
      failures = 0;
    } catch (error) {
      failures += 1;
      reason = error instanceof Error ? error.message : String(error);
    }
    isAsking = false;
  };
  const timer = setInterval(() => void ask(), everyMs);
  timer.unref();
  void ask();

  return {
    check: () =>
      failures < FAILURES_THAT_COUNT
        ? { isReady: true, message: `${what} answers` }
        : { isReady: false, message: `${what} does not answer: ${reason}` },
    close: () => clearInterval(timer),
  };
}

const FAILURES_THAT_COUNT = 2;

async function inTime(ping: () => Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
    timer.unref();
  });
  try {
    await Promise.race([ping(), late]);
  } finally {
    clearTimeout(timer);
  }
}
