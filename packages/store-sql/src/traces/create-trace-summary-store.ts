import type { SinkAnswer, SpanSignal } from '@tracepost/contracts';
import { digestSpans, RecordsRefusedError, type TraceSummaryStore } from '@tracepost/stores';
import type { RecordDatabase } from '../schema.ts';
import type { Statements, StatementsOptions } from '../statements.ts';
import { addDigests } from './add-digests.ts';
import { gatherDigests } from './gather-digests.ts';
import { listTraces } from './list-traces.ts';
import { purgeTraces } from './purge-traces.ts';

const KEPT_MS = 30 * 24 * 3_600_000;
const RETRY_AFTER_MS = 2_000;

export function createTraceSummaryStore(
  db: RecordDatabase,
  { read, write, system }: Statements & Pick<StatementsOptions, 'system'>,
): TraceSummaryStore {
  const addAll = addDigests(db);
  const add = gatherDigests((digests, nowMs) => write('add_trace_summaries', () => addAll(digests, nowMs)));
  return {
    async addSpans(spans, nowMs) {
      const digests = digestSpans(spans);
      if (digests.size === 0) return { status: 'taken', refused: [] };
      try {
        await add(digests, nowMs);
        return { status: 'taken', refused: [] };
      } catch (error) {
        return answerTo(error, spans);
      }
    },
    list: (query) => read('list_traces', () => listTraces(db, { system, query })),
    purge: (nowMs, olderThanMs = KEPT_MS) => write('purge_traces', () => purgeTraces(db, nowMs - olderThanMs)),
  };
}

/** What the database refuses it will always refuse; to ask again would hold up everything behind it. */
function answerTo(error: unknown, spans: readonly SpanSignal[]): SinkAnswer {
  if (error instanceof RecordsRefusedError)
    return { status: 'taken', refused: [{ signal: 'spans', reason: 'refused_by_store', count: spans.length }] };
  const message = error instanceof Error ? error.message : String(error);
  return {
    status: 'later',
    reason: `the summaries of traces cannot be written: ${message}`,
    retryAfterMs: RETRY_AFTER_MS,
  };
}
