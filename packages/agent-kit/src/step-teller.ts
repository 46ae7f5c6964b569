import { redactText } from '@tracepost/telemetry';

export interface StepTeller {
  tell(step: string): void;
  /** What was not told yet is old news once the attempt has ended. */
  close(): void;
}

const INTERVAL_MS = 1_000;
const MAX_LENGTH = 200;

/** Tells the first step at once and then at most one a second, always the newest: a loop may report each of its rounds. */
export function createStepTeller(tell: (step: string) => void, intervalMs: number = INTERVAL_MS): StepTeller {
  let newest: string | null = null;
  let pause: NodeJS.Timeout | undefined;
  let isClosed = false;

  const next = (): void => {
    pause = undefined;
    if (newest === null) return;
    const step = newest;
    newest = null;
    pause = setTimeout(next, intervalMs);
    tell(step);
  };
  return {
    tell(step) {
      if (isClosed) return;
      newest = redactText(String(step)).slice(0, MAX_LENGTH).toWellFormed();
      if (pause === undefined) next();
    },
    close() {
      isClosed = true;
      clearTimeout(pause);
    },
  };
}
