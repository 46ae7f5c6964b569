import { setTimeout as sleep } from 'node:timers/promises';
import type { HouseStores } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';

/** The record store cannot be reached yet: nothing was read or written. */
export class RecordsAwayError extends Error {
  readonly code = 'gateway/records-away';
  readonly isRetryable = true;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;

/**
 * The records, and what stands beside them, opened in the background, again and again until it succeeds, so that the
 * gateway takes notifications while the database is still starting. Until then every call rejects with `RecordsAwayError`.
 */
export function createLateRecordStore({
  open,
  logger,
}: {
  readonly open: () => Promise<HouseStores>;
  readonly logger: Logger;
}): HouseStores {
  const closing = new AbortController();
  let opened: HouseStores | null = null;
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

  const store = (): HouseStores => {
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
    countByAgent: async (since) => store().countByAgent(since),
    purgeTasks: async (nowMs, olderThanMs) => store().purgeTasks(nowMs, olderThanMs),
    ping: async () => store().ping(),
    async close() {
      closing.abort();
      await opening;
      await opened?.close();
    },
    inbox: {
      claim: async (request) => store().inbox.claim(request),
      awaitRetry: async (claim) => store().inbox.awaitRetry(claim),
      release: async (claim) => store().inbox.release(claim),
      end: async (ending) => store().inbox.end(ending),
      cancel: async (request) => store().inbox.cancel(request),
      payloadOf: async (taskId) => store().inbox.payloadOf(taskId),
      beginEffect: async (effect) => store().inbox.beginEffect(effect),
      endEffect: async (effect) => store().inbox.endEffect(effect),
      forgetEffect: async (effect) => store().inbox.forgetEffect(effect),
      purge: async (nowMs) => store().inbox.purge(nowMs),
    },
    keys: {
      claim: async (request) => store().keys.claim(request),
      answer: async (key) => store().keys.answer(key),
      release: async (key) => store().keys.release(key),
      purge: async (nowMs) => store().keys.purge(nowMs),
    },
    deadLetters: {
      add: async (letters) => store().deadLetters.add(letters),
      list: async (query) => store().deadLetters.list(query),
      get: async (queue, taskId) => store().deadLetters.get(queue, taskId),
      remove: async (queue, taskId) => store().deadLetters.remove(queue, taskId),
      forget: async (queue, taskId, deadAt) => store().deadLetters.forget(queue, taskId, deadAt),
      count: async () => store().deadLetters.count(),
      purge: async (nowMs, olderThanMs) => store().deadLetters.purge(nowMs, olderThanMs),
    },
    events: {
      record: async (entries, nowMs) => store().events.record(entries, nowMs),
      list: async (query) => store().events.list(query),
      purge: async (nowMs, olderThanMs) => store().events.purge(nowMs, olderThanMs),
    },
    recordedMetrics: {
      querySamples: async (query) => store().recordedMetrics.querySamples(query),
      catalog: async () => store().recordedMetrics.catalog(),
      downsample: async (nowMs) => store().recordedMetrics.downsample(nowMs),
      purge: async (nowMs, olderThanMs) => store().recordedMetrics.purge(nowMs, olderThanMs),
    },
    audit: {
      add: async (entries) => store().audit.add(entries),
      list: async (query) => store().audit.list(query),
      purge: async (nowMs, olderThanMs) => store().audit.purge(nowMs, olderThanMs),
    },
    rollups: {
      readWindow: async (query) => store().rollups.readWindow(query),
      listRollups: async (query) => store().rollups.listRollups(query),
      purge: async (nowMs, olderThan) => store().rollups.purge(nowMs, olderThan),
    },
    traceSummaries: {
      addSpans: async (spans, nowMs) => store().traceSummaries.addSpans(spans, nowMs),
      list: async (query) => store().traceSummaries.list(query),
      purge: async (nowMs, olderThanMs) => store().traceSummaries.purge(nowMs, olderThanMs),
    },
  };
}
