import { createSketch } from '@tracepost/analysis';
import type { MetricSample, RecordedEvent } from '@tracepost/contracts';
import {
  type EventEntry,
  type EventStore,
  MAX_RECORDED_METRICS,
  MAX_RECORDED_SERIES,
  OVERFLOW_ATTRIBUTE,
  OVERFLOW_METRIC,
  type RecordedMetricInfo,
  type RecordedMetricStore,
  RecordsRefusedError,
  type SampleQuery,
} from '../src/index.ts';
import { compare } from './memory-record-store.ts';
import { pageOf } from './page-of.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Every value stays what it was; only `startMs` and `spanMs` tell what is left of its time. */
export interface KeptSample {
  readonly eventId: string;
  readonly atMs: number;
  readonly startMs: number;
  readonly spanMs: number;
  readonly sample: MetricSample;
}

export interface RecordingData {
  readonly events: Map<string, { readonly event: RecordedEvent; readonly nowMs: number }>;
  readonly samples: KeptSample[];
}

export function memoryEvents({ events, samples }: RecordingData): EventStore {
  return {
    async record(entries, nowMs = Date.now()) {
      try {
        JSON.stringify(entries);
      } catch (cause) {
        throw new RecordsRefusedError('Nested too deep', { cause });
      }
      const fresh: EventEntry[] = [];
      for (const entry of entries) {
        if (events.has(entry.event.eventId)) continue;
        events.set(entry.event.eventId, { event: entry.event, nowMs });
        fresh.push(entry);
      }
      const lost: MetricSample[] = [];
      for (const { event, sample } of fresh) {
        if (!sample) continue;
        const placed = place(samples, sample);
        if (placed !== sample) lost.push(sample);
        const atMs = Date.parse(event.timestamp);
        const startMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
        samples.push({ eventId: event.eventId, atMs, startMs, spanMs: MINUTE_MS, sample: placed });
      }
      const overflowed = [...Map.groupBy(lost, ({ name }) => name)].map(([name, ofName]) => ({
        name,
        attribute: mostVarying(samples.filter(({ sample }) => sample.name === name)),
        count: ofName.length,
      }));
      return { recorded: fresh.length, overflowed };
    },
    async list({ type, source, correlationId, from, to, limit, cursor }) {
      const sorted = [...events.values()]
        .map(({ event }) => event)
        .filter((event) => type === undefined || event.type === type)
        .filter((event) => source === undefined || event.source === source)
        .filter((event) => correlationId === undefined || event.correlationId === correlationId)
        .filter(({ timestamp: at }) => (from === undefined || at >= from) && (to === undefined || at < to))
        .sort((a, b) => compare(b.timestamp, a.timestamp) || compare(b.eventId, a.eventId));
      return pageOf(sorted, { limit, cursor, placeOf: ({ timestamp, eventId }) => `${timestamp} ${eventId}` });
    },
    async purge(nowMs, olderThanMs = 7 * DAY_MS) {
      const old = [...events].filter(([, one]) => one.nowMs <= nowMs - olderThanMs);
      for (const [eventId] of old) events.delete(eventId);
      return old.length;
    },
  };
}

export function memoryRecordedMetrics({ samples }: RecordingData): RecordedMetricStore {
  return {
    async querySamples({ name, from, to, everyMs, groupBy, where }) {
      const chosen = samples
        .filter(({ sample }) => sample.name === name)
        .filter(({ startMs, spanMs }) => startMs < to.getTime() && startMs + spanMs > from.getTime())
        .filter(({ sample }) => Object.entries(where).every(([key, value]) => (own(sample, key) ?? '') === value));
      const groups = Map.groupBy(chosen, (kept) => groupText(kept, groupBy));
      const series = [...groups]
        .sort(([a], [b]) => compare(a, b))
        .map(([text, ofGroup]) => ({ attributes: JSON.parse(text), points: pointsOf(ofGroup, { from, everyMs }) }));
      return { series };
    },
    async catalog() {
      const metrics = Map.groupBy(samples, ({ sample: { name, kind, unit } }) => JSON.stringify([name, kind, unit]));
      return [...metrics]
        .sort(([a], [b]) => compare(a, b))
        .map(([text, ofMetric]): RecordedMetricInfo => {
          const [name, kind, unit] = JSON.parse(text);
          const keys = ofMetric.flatMap(({ sample }) => Object.keys(sample.attributes));
          return { name, kind, unit, attributes: [...new Set(keys)].sort() };
        });
    },
    async downsample(nowMs) {
      const beforeMs = Math.floor((nowMs - 30 * DAY_MS) / HOUR_MS) * HOUR_MS;
      const old = samples.filter(({ startMs, spanMs }) => spanMs === MINUTE_MS && startMs < beforeMs);
      replace(samples, old, (kept) => ({
        ...kept,
        startMs: Math.floor(kept.startMs / HOUR_MS) * HOUR_MS,
        spanMs: HOUR_MS,
      }));
      return old.length;
    },
    async purge(nowMs, olderThanMs = 90 * DAY_MS) {
      const old = samples.filter(({ startMs, spanMs }) => startMs + spanMs <= nowMs - olderThanMs);
      replace(samples, old, () => null);
      return old.length;
    },
  };
}

function replace(samples: KeptSample[], old: readonly KeptSample[], by: (kept: KeptSample) => KeptSample | null): void {
  const isOld = new Set(old);
  const left = samples.filter((kept) => !isOld.has(kept));
  samples.splice(0, samples.length, ...left, ...old.map(by).filter((kept) => kept !== null));
}

function own({ attributes }: MetricSample, key: string): string | undefined {
  return Object.hasOwn(attributes, key) ? attributes[key] : undefined;
}

function groupText({ sample }: KeptSample, groupBy: SampleQuery['groupBy']): string {
  const keys = [...groupBy].sort().filter((key) => own(sample, key) !== undefined);
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, own(sample, key)])));
}

function pointsOf(samples: readonly KeptSample[], { from, everyMs }: Pick<SampleQuery, 'from' | 'everyMs'>) {
  const steps = Map.groupBy(samples, ({ startMs }) =>
    everyMs === null ? from.getTime() : Math.floor(startMs / everyMs) * everyMs,
  );
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([at, ofStep]) => {
      const values = ofStep.map(({ sample }) => sample.value);
      const sketch = createSketch();
      for (const value of values) sketch.add(value);
      const latest = [...ofStep].sort((a, b) => b.atMs - a.atMs || compare(b.eventId, a.eventId))[0];
      return {
        at: new Date(at).toISOString(),
        count: values.length,
        sum: values.reduce((sum, value) => sum + value, 0),
        min: Math.min(...values),
        max: Math.max(...values),
        last: latest?.sample.value ?? 0,
        sketch,
      };
    });
}

/** Itself while there is room. */
function place(samples: readonly KeptSample[], sample: MetricSample): MetricSample {
  const seriesOf = (of: MetricSample) => JSON.stringify([of.kind, of.unit, Object.entries(of.attributes).sort()]);
  const known = samples.filter((kept) => kept.sample.name === sample.name);
  const series = new Set(
    known.filter((kept) => own(kept.sample, OVERFLOW_ATTRIBUTE) === undefined).map((kept) => seriesOf(kept.sample)),
  );
  if (series.has(seriesOf(sample))) return sample;
  const attributes = { [OVERFLOW_ATTRIBUTE]: 'true' };
  if (series.size >= MAX_RECORDED_SERIES) {
    const first = known.find((kept) => own(kept.sample, OVERFLOW_ATTRIBUTE) !== undefined)?.sample ?? sample;
    return { ...sample, kind: first.kind, unit: first.unit, attributes };
  }
  const names = new Set(samples.map((kept) => kept.sample.name));
  if (names.has(sample.name) || names.size < MAX_RECORDED_METRICS) return sample;
  return { ...sample, name: OVERFLOW_METRIC, kind: 'histogram', unit: '', attributes };
}

function mostVarying(samples: readonly KeptSample[]): string | null {
  const pairs = samples.flatMap(({ sample }) => Object.entries(sample.attributes));
  const byKey = Map.groupBy(pairs, ([key]) => key);
  const counted = [...byKey].map(([key, of]) => ({ key, size: new Set(of.map(([, value]) => value)).size }));
  return counted.sort((a, b) => b.size - a.size)[0]?.key ?? null;
}
