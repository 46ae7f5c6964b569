import { digestSpans, type TraceSummaryStore } from '../src/index.ts';
import type { TraceData } from './memory-trace-summaries.ts';

type Breaks = Readonly<
  Record<string, (store: TraceSummaryStore, data: { readonly traces: TraceData }) => Partial<TraceSummaryStore>>
>;

/** For each property one way to be wrong that it has to notice. */
export const BROKEN_TRACE_SUMMARIES: Breaks = {
  'a trace is summed up from its spans, also for a store that is opened later': (store) => ({
    addSpans: (spans, nowMs) =>
      store.addSpans(
        spans.map((span) => ({ ...span, events: [] })),
        nowMs,
      ),
  }),
  'an empty batch is taken, and a trace of which nothing came is not listed': (store) => ({
    list: ({ taskId: _, ...query }) => store.list(query),
    async addSpans(spans, nowMs) {
      if (spans.length === 0) throw new Error('no rows to insert');
      return store.addSpans(spans, nowMs);
    },
  }),
  'in whatever pieces, order and number a trace comes, from several writers at once: the summary is the same': (
    _,
    { traces },
  ) => ({
    // The last one that wrote has it all its own way.
    async addSpans(spans, nowMs) {
      for (const [traceId, digest] of digestSpans(spans)) traces.set(traceId, { digest, seenAtMs: nowMs });
      return { status: 'taken', refused: [] };
    },
  }),
  'taking a batch twice changes nothing, not even when the trace was last seen': (store, { traces }) => ({
    async addSpans(spans, nowMs) {
      const answer = await store.addSpans(spans, nowMs);
      for (const { traceId } of spans) {
        const known = traces.get(traceId);
        if (known) traces.set(traceId, { ...known, seenAtMs: nowMs });
      }
      return answer;
    },
  }),
  'until a span without a parent comes, the earliest is the root': (store) => ({
    addSpans: (spans, nowMs) =>
      store.addSpans(
        spans.map((span) => ({ ...span, parentSpanId: null })),
        nowMs,
      ),
  }),
  'a trace is found by what any of its spans says, and conditions are joined by and': (store) => ({
    list: ({ attributes = [], ...query }) => store.list({ ...query, attributes: attributes.slice(0, 1) }),
  }),
  'texts that are looked for mean nothing but themselves, whatever they hold': (store) => ({
    list: ({ name, ...query }) =>
      store.list(name === '_' ? query : { ...query, ...(name === undefined ? {} : { name }) }),
  }),
  'traces are listed newest first, page by page, each once, whatever is written meanwhile': (store) => ({
    async list({ cursor, limit, ...query }) {
      const skip = Number(cursor ?? 0);
      const { items } = await store.list({ ...query, limit: 1_000 });
      const isLast = skip + limit >= items.length;
      return { items: items.slice(skip, skip + limit), nextCursor: isLast ? null : `${skip + limit}` };
    },
  }),
  'traces are found by when they began, the first instant included and the last not': (store) => ({
    list: ({ to: _, ...query }) => store.list(query),
  }),
  'a trace that says more than a summary holds is cut in the same way in any order, and says where': (store) => ({
    // What came first stays.
    async addSpans(spans, nowMs) {
      const { items } = await store.list({ limit: 1, ...(spans[0] ? { service: spans[0].origin.service } : {}) });
      const isFull = items.some(({ truncated }) => truncated.length > 0);
      return isFull ? { status: 'taken', refused: [] } : store.addSpans(spans, nowMs);
    },
  }),
  'traces are forgotten thirty days after the last word of them, and not before': (store) => ({
    purge: (nowMs, olderThanMs) => store.purge(nowMs + 1, olderThanMs),
  }),
  'a cursor that no page of traces gave is refused': (store) => ({
    list: ({ cursor: _, ...query }) => store.list(query),
  }),
};
