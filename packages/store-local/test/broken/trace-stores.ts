import type { SpanSignal, SpanView } from '@tracepost/contracts';
import type { TraceReader, TraceWriter } from '@tracepost/stores';
import { type Breakages, LATER, mapValues, withoutPing } from './breakage.ts';

type TraceStore = TraceReader & TraceWriter;

export const BROKEN_TRACE_STORES: Breakages<TraceStore> = {
  'forgets everything': reading(() => []),
  'invents a span': reading((spans) => (spans.length > 0 ? spans : [INVENTED])),
  'gives the newest span first': reading((spans) => [...spans].reverse()),
  'cuts long traces': reading((spans) => spans.slice(0, 500)),
  'does not tell that there are more': reading((spans) => spans.slice(0, 10_000)),
  'calls every span internal': readingEach((span) => ({ ...span, kind: 'internal' })),
  'loses the status': readingEach((span) => ({ ...span, status: { code: 'unset', message: '' } })),
  'loses events': readingEach((span) => ({ ...span, events: [] })),
  'loses links': readingEach((span) => ({ ...span, links: [] })),
  'loses parents': readingEach((span) => ({ ...span, parentSpanId: null })),
  'makes texts of numbers': readingEach((span) => ({ ...span, attributes: mapValues(span.attributes, numberAsText) })),
  'makes JSON of lists': readingEach((span) => ({ ...span, attributes: mapValues(span.attributes, listAsText) })),
  'keeps ASCII only': readingEach((span) => ({ ...span, name: span.name.replace(/[^ -~]/g, '?') })),
  'keeps milliseconds only': writingEach((span) => ({
    ...span,
    startTimeUnixNano: inMs(span.startTimeUnixNano),
    endTimeUnixNano: inMs(span.endTimeUnixNano),
  })),
  'looks at half of the trace id': (right) => {
    const halfOf = (traceId: string) => traceId.slice(0, 16).repeat(2);
    return {
      ...right,
      writeSpans: (spans) => right.writeSpans(spans.map((span) => ({ ...span, traceId: halfOf(span.traceId) }))),
      getTrace: (traceId) => right.getTrace(halfOf(traceId)),
    };
  },
  'keeps a span as often as it comes': (right) => {
    let writes = 0n;
    return {
      ...right,
      writeSpans(spans) {
        writes += 1n;
        return right.writeSpans(spans.map((span) => ({ ...span, startTimeUnixNano: span.startTimeUnixNano + writes })));
      },
    };
  },
  'fails at what is no trace id': (right) => ({
    ...right,
    getTrace: (id) => (/^[0-9a-f]{32}$/.test(id) ? right.getTrace(id) : Promise.reject(new Error('broken'))),
  }),
  'takes nothing': (right) => ({ ...right, writeSpans: async () => LATER }),
  'does not answer ping': withoutPing,
};

const INVENTED: SpanView = {
  spanId: '00f067aa0ba902b7',
  parentSpanId: null,
  name: 'invented',
  kind: 'internal',
  service: 'nobody',
  startedAt: '2026-11-21T09:00:00.000Z',
  durationMs: 1,
  status: { code: 'unset', message: '' },
  attributes: {},
  events: [],
  links: [],
};

function reading(change: (spans: SpanView[]) => SpanView[]): (right: TraceStore) => TraceStore {
  return (right) => ({ ...right, getTrace: async (traceId) => change(await right.getTrace(traceId)) });
}

function readingEach(change: (span: SpanView) => SpanView): (right: TraceStore) => TraceStore {
  return reading((spans) => spans.map(change));
}

function writingEach(change: (span: SpanSignal) => SpanSignal): (right: TraceStore) => TraceStore {
  return (right) => ({ ...right, writeSpans: (spans) => right.writeSpans(spans.map(change)) });
}

function inMs(nanos: bigint): bigint {
  return (nanos / 1_000_000n) * 1_000_000n;
}

function numberAsText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value;
}

function listAsText(value: unknown): unknown {
  return Array.isArray(value) ? JSON.stringify(value) : value;
}
