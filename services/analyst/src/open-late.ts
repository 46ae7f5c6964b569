import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailableError } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';

/** Something that may not be there yet. */
export interface Late<T> {
  /** Throws `StoreUnavailableError` as long as it is not. */
  get(): T;
  /** Ends the waiting; closes what was opened. Safe to call twice. */
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Opens in the background, again and again until it succeeds: a database that is away keeps its own signals waiting, and nobody else's.
 * `what` names it in the log.
 */
export function openLate<T extends { close(): Promise<void> }>({
  what,
  open,
  logger,
}: {
  readonly what: string;
  readonly open: () => Promise<T>;
  readonly logger: Logger;
}): Late<T> {
  const closing = new AbortController();
  let opened: T | null = null;
  let reason = 'not connected yet';
  let closed: Promise<void> | null = null;

  const keepOpening = async (): Promise<void> => {
    for (let pauseMs = FIRST_PAUSE_MS; !closing.signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        opened = await open();
        return;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
        logger.warn({ layer: 'store', result: 'error', error }, `${what} cannot be opened; next try in ${pauseMs} ms`);
      }
      await sleep(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };
  const opening = keepOpening();

  const closeIt = async (): Promise<void> => {
    closing.abort();
    await opening;
    await opened?.close();
  };
  return {
    get() {
      if (opened === null) throw new StoreUnavailableError('sql', `${what} cannot be reached yet: ${reason}`);
      return opened;
    },
    close() {
      closed ??= closeIt();
      return closed;
    },
  };
}
