export interface ServiceLife {
  /**
   * Called at the end, the last one registered first: what was built on something stops before it. Once the end has come, it is
   * called at once and the start is called off: it throws.
   */
  readonly onStop: (stop: () => unknown) => void;
  /** Aborted when the process has to stop, also while it is still starting. */
  readonly stopping: AbortSignal;
}

const STOP_WITHIN_MS = 10_000;
/** npm and a terminal may both pass on one Ctrl-C; a signal later than that is somebody who does not want to wait. */
const IMPATIENT_AFTER_MS = 1_000;

/**
 * The life of a service's process: starts it, stops it in reverse order on SIGTERM or SIGINT, and leaves behind what
 * hangs past the deadline. A start that fails ends with exit code 1, in one sentence when it is something that a user can mend (an error
 * with a `code`: a wrong setting, a taken port), else with its stack.
 */
export async function runService(
  start: (life: ServiceLife) => Promise<void>,
  { stopWithinMs = STOP_WITHIN_MS }: { readonly stopWithinMs?: number } = {},
): Promise<void> {
  const stops: (() => unknown)[] = [];
  const stopping = new AbortController();
  let stopped: Promise<void> | undefined;

  const stop = (exitCode: number): Promise<void> => {
    stopped ??= (async () => {
      process.exitCode = exitCode;
      setTimeout(() => process.exit(1), stopWithinMs).unref();
      stopping.abort(new Error('the process is stopping'));
      for (const step of stops.reverse()) await tryStep(step);
    })();
    return stopped;
  };

  const onStop = (step: () => unknown): void => {
    if (stopping.signal.aborted) {
      void tryStep(step);
      throw stopping.signal.reason;
    }
    stops.push(step);
  };

  let askedAt: number | undefined;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (askedAt !== undefined && Date.now() - askedAt > IMPATIENT_AFTER_MS) process.exit(130);
      askedAt ??= Date.now();
      void stop(0);
    });
  }
  try {
    await start({ onStop, stopping: stopping.signal });
  } catch (error) {
    // Stopped while it was starting: what it was waiting for has been called off.
    if (!stopping.signal.aborted) {
      console.error(isForUsers(error) ? error.message : error);
      await stop(1);
    }
  }
}

function isForUsers(error: unknown): error is Error {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string';
}

/** One part that cannot stop must not keep the others from it. */
async function tryStep(step: () => unknown): Promise<void> {
  try {
    await step();
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
}
