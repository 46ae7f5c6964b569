import type { Check, CheckStatus } from '@tracepost/contracts';
import { withDeadline } from '../deadline.ts';

export interface CheckResult {
  readonly status: Check['status'];
  readonly message: string;
  /** The number in the message, where it says how many wait. */
  readonly backlog?: number;
}

export interface CheckSpec {
  readonly name: string;
  /** While it is unhealthy no work can make progress: the gateway is not ready. */
  readonly isCritical: boolean;
  /** So long it may be unhealthy before that counts: a moment holds nobody up. Default 0. */
  readonly graceMs?: number;
  /** A rejection, or no answer in time, counts as unhealthy. */
  readonly run: () => Promise<CheckResult> | CheckResult;
}

/** Looks at everything in the background, so that asking costs nothing and a hanging store holds nobody up. */
export interface HealthMonitor {
  start(): void;
  /** The newest results, in the order of the specs. */
  checks(): Check[];
  status(): CheckStatus;
  /** The critical checks that fail; none means ready. */
  failing(): Check[];
  close(): void;
}

interface Watched extends CheckSpec {
  result: CheckResult;
  since: number;
  isRunning: boolean;
}

const EVERY_MS = 1_000;
const TIMEOUT_MS = 2_000;
const NOT_YET: CheckResult = { status: 'unhealthy', message: 'not checked yet' };

export function createHealthMonitor({
  specs,
  everyMs = EVERY_MS,
  timeoutMs = TIMEOUT_MS,
}: {
  readonly specs: readonly CheckSpec[];
  readonly everyMs?: number;
  readonly timeoutMs?: number;
}): HealthMonitor {
  const watched: Watched[] = specs.map((spec) => ({
    ...spec,
    result: NOT_YET,
    since: performance.now(),
    isRunning: false,
  }));
  let timer: NodeJS.Timeout | undefined;

  const look = async (check: Watched): Promise<void> => {
    // One that hangs is not asked again until its deadline has told so.
    if (check.isRunning) return;
    check.isRunning = true;
    const result = await runCheck(check, timeoutMs);
    if (result.status !== check.result.status) check.since = performance.now();
    check.result = result;
    check.isRunning = false;
  };
  const lookAtAll = (): void => {
    for (const check of watched) void look(check);
  };
  const describe = ({ name, result, since }: Watched): Check => ({
    name,
    ...result,
    sinceMs: Math.round(performance.now() - since),
  });

  const isFailing = ({ isCritical, graceMs = 0, result, since }: Watched): boolean =>
    isCritical && result.status === 'unhealthy' && performance.now() - since >= graceMs;

  return {
    start() {
      if (timer) return;
      timer = setInterval(lookAtAll, everyMs);
      timer.unref();
      lookAtAll();
    },
    checks: () => watched.map(describe),
    status() {
      if (watched.some(isFailing)) return 'unhealthy';
      return watched.every(({ result }) => result.status === 'healthy' || result.status === 'off')
        ? 'healthy'
        : 'degraded';
    },
    failing: () => watched.filter(isFailing).map(describe),
    close() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

async function runCheck({ name, run }: CheckSpec, timeoutMs: number): Promise<CheckResult> {
  try {
    return await withDeadline(startCheck(run), timeoutMs, name);
  } catch (error) {
    return { status: 'unhealthy', message: error instanceof Error ? error.message : String(error) };
  }
}

/** A check that throws before it has a promise is a rejected one. */
async function startCheck(run: CheckSpec['run']): Promise<CheckResult> {
  return run();
}
