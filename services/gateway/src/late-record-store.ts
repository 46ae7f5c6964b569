import { setTimeout as sleep } from 'node:timers/promises';
import type { RecordStore } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';

/** The record store cannot be reached yet: nothing was read or written. */
export class RecordsAwayError extends Error {
  readonly code = 'gateway/records-away';
  readonly isRetryable = true;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * A record store that is opened in the background, again and again until it succeeds, so that the gateway takes notifications
 * while the database is still starting. Until then every call rejects with `RecordsAwayError`.
 */
export function createLateRecordStore({
  open,
  logger,
}: {
  readonly open: () => Promise<RecordStore>;
  readonly logger: Logger;
}): RecordStore {
  const closing = new AbortController();
  let opened: RecordStore | null = null;
  let reason = 'not connected yet';

  const keepOpening = async (): Promise<void> => {
    for (let pauseMs = FIRST_PAUSE_MS; !closing.signal.aborted; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        opened = await open();
        return;
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error);
        logger.warn(
          { layer: 'store', result: 'error', error },
          `The record store cannot be opened; next try in ${pauseMs} ms`,
        );
      }
      await sleep(pauseMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };
  const opening = keepOpening();

  const store = (): RecordStore => {
    if (!opened) throw new RecordsAwayError(`The record store is away: ${reason}`);
    return opened;
  };

  return {
    applyTaskEvents: async (events) => store().applyTaskEvents(events),
    getTask: async (taskId) => store().getTask(taskId),
    listTasksOfTrace: async (traceId) => store().listTasksOfTrace(traceId),
    listTasks: async (query) => store().listTasks(query),
    applyAnnouncements: async (announcements) => store().applyAnnouncements(announcements),
    listAnnouncements: async () => store().listAnnouncements(),
    countTasks: async () => store().countTasks(),
    ping: async () => store().ping(),
    async close() {
      closing.abort();
      await opening;
      await opened?.close();
    },
  };
}
