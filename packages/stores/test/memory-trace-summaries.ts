import type { SpanSignal, TraceSummary } from '@tracepost/contracts';
import {
  digestSpans,
  InvalidCursorError,
  mergeDigests,
  type TraceDigest,
  type TraceSummaryStore,
  termsWanted,
  toTraceSummary,
  writeTerms,
} from '../src/index.ts';

export type TraceData = Map<string, { readonly digest: TraceDigest; readonly seenAtMs: number }>;

const DAY_MS = 24 * 3_600_000;

/** The simplest store that keeps the contract of trace summaries. */
export function memoryTraceSummaries(traces: TraceData): TraceSummaryStore {
  return {
    async addSpans(spans: readonly SpanSignal[], nowMs) {
      for (const [traceId, digest] of digestSpans(spans)) {
        const known = traces.get(traceId);
        const merged = known ? mergeDigests(known.digest, digest) : digest;
        if (!known || textOf(known.digest) !== textOf(merged)) traces.set(traceId, { digest: merged, seenAtMs: nowMs });
      }
      return { status: 'taken', refused: [] };
    },
    async list({ limit, cursor, ...query }) {
      if (cursor !== undefined && !cursor.startsWith('after ')) throw new InvalidCursorError('Not from here');
      const wanted = termsWanted(query);
      const { from, to, status, minDurationMs = 0, maxDurationMs = Number.POSITIVE_INFINITY } = query;
      const found = [...traces]
        .filter(([, { digest }]) => wanted.every((line) => writeTerms(digest.terms).includes(line)))
        .map(([traceId, { digest, seenAtMs }]) => toTraceSummary(traceId, digest, seenAtMs))
        .filter((trace) => status === undefined || trace.status === status)
        .filter(({ durationMs }) => durationMs >= minDurationMs && durationMs <= maxDurationMs)
        .filter(({ startedAt }) => (from === undefined || startedAt >= from) && (to === undefined || startedAt < to))
        .sort((a, b) => (placeOf(a) > placeOf(b) ? -1 : 1));
      const rest = found.filter((trace) => cursor === undefined || placeOf(trace) < cursor);
      const items = rest.slice(0, limit);
      const last = items.at(-1);
      return { items, nextCursor: last && items.length < rest.length ? placeOf(last) : null };
    },
    async purge(nowMs, olderThanMs = 30 * DAY_MS) {
      const old = [...traces].filter(([, { seenAtMs }]) => seenAtMs <= nowMs - olderThanMs);
      for (const [traceId] of old) traces.delete(traceId);
      return old.length;
    },
  };
}

function placeOf({ startedAt, traceId }: TraceSummary): string {
  return `after ${startedAt} ${traceId}`;
}

function textOf({ terms, ...digest }: TraceDigest): string {
  return JSON.stringify([digest, writeTerms(terms)]);
}
