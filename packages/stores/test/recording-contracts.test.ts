import { EVENT_STORE_PROPERTIES, RECORDED_METRIC_STORE_PROPERTIES } from '../src/contract/index.ts';
import type { EventStore, RecordedMetricStore } from '../src/index.ts';
import { type Breaks, describeTeeth } from './describe-teeth.ts';

const later = () => new Promise((resolve) => setImmediate(resolve));

/** For each property one way to be wrong that it has to notice. */
const BROKEN_EVENTS: Breaks<EventStore> = {
  'an event comes back as it was recorded, also from a store that is opened later': (events) => ({
    record: (entries) =>
      events.record(entries.map(({ event, sample }) => ({ event: { ...event, data: event.data || null }, sample }))),
  }),
  'the same id again changes nothing, whatever comes with it and whoever brings it': (events, data) => ({
    async record(entries) {
      const outcome = await events.record(entries);
      for (const { event } of entries) data.events.set(event.eventId, { event, nowMs: 0 });
      return outcome;
    },
  }),
  'of many that record the same events at once, in whatever order, each is recorded once': (events, data) => ({
    async record(entries) {
      const known = new Set(data.events.keys());
      await later();
      await events.record(entries);
      return { recorded: entries.filter(({ event }) => !known.has(event.eventId)).length, overflowed: [] };
    },
  }),
  'events are listed newest first, page by page, each once, whatever is recorded meanwhile': (events) => ({
    async list({ cursor, limit, ...query }) {
      const skip = Number(cursor ?? 0);
      const { items } = await events.list({ ...query, limit: 1_000 });
      const isLast = skip + limit >= items.length;
      return { items: items.slice(skip, skip + limit), nextCursor: isLast ? null : `${skip + limit}` };
    },
  }),
  'events are found by type, source, correlation id and time, the first instant included and the last not': (
    events,
  ) => ({ list: ({ to: _, ...query }) => events.list(query) }),
  'thousands of events are recorded at once': (events) => ({
    record: (entries) => events.record(entries.slice(0, 1_000)),
  }),
  'with an event that cannot be stored nothing of the batch is, and no id is remembered': (events) => ({
    async record(entries) {
      let recorded = 0;
      for (const entry of entries) recorded += (await events.record([entry])).recorded;
      return { recorded, overflowed: [] };
    },
  }),
  'events are forgotten seven days after they were recorded, whatever time they name, and not before': (
    events,
    data,
  ) => ({
    async purge(nowMs) {
      for (const [id, one] of data.events) data.events.set(id, { ...one, nowMs: Date.parse(one.event.timestamp) });
      return events.purge(nowMs);
    },
  }),
  'a cursor that no page of events gave is refused': (events) => ({
    list: ({ cursor: _, ...query }) => events.list(query),
  }),
};

const BROKEN_METRICS: Breaks<RecordedMetricStore> = {
  'count, sum, lowest, highest and last value are exact, and the sketch is that of all values': (_, { samples }) => ({
    async querySamples({ name, from }) {
      const values = samples.filter(({ sample }) => sample.name === name).map(({ sample }) => sample.value);
      const at = from.toISOString();
      const [min, max] = [Math.min(...values), Math.max(...values)];
      const sum = values.reduce((total, value) => total + value, 0);
      // The value that came last, not the latest one.
      const point = { at, count: values.length, sum, min, max, last: values.at(-1) ?? 0, sketch: null as never };
      return { series: [{ attributes: {}, points: [point] }] };
    },
  }),
  'the same id again adds nothing, from one store or two at once': (metrics, data) => ({
    querySamples(query) {
      const [first] = data.samples;
      if (first) data.samples.push(first);
      return metrics.querySamples(query);
    },
  }),
  'of two stores that add to the same minute at once neither loses a value': (metrics, data) => ({
    querySamples(query) {
      data.samples.pop();
      return metrics.querySamples(query);
    },
  }),
  'values are told apart by the steps that are asked for, whole minutes of them': (metrics, data) => ({
    querySamples(query) {
      const from = query.from.getTime();
      data.samples.splice(0, data.samples.length, ...data.samples.filter(({ atMs }) => atMs >= from));
      return metrics.querySamples(query);
    },
  }),
  'values are grouped by the attributes that are asked for, and found by their values': (metrics) => ({
    querySamples: ({ where: _, ...query }) => metrics.querySamples({ ...query, where: {} }),
  }),
  'a metric has so many series, and what is beyond is counted in one more, with the attribute that varies named': (
    metrics,
  ) => ({ querySamples: (query) => metrics.querySamples({ ...query, groupBy: [] }) }),
  'the catalogue tells names, kinds, units and the attributes that there are': (metrics) => ({
    catalog: async () => (await metrics.catalog()).map((metric) => ({ ...metric, kind: 'gauge' })),
  }),
  'minutes become hours once they are thirty days old, and every value is still there': (metrics) => ({
    downsample: (nowMs) => metrics.downsample(nowMs + 86_400_000),
  }),
  'values are forgotten after ninety days, with their series, and not before': (metrics) => ({
    purge: (nowMs) => metrics.purge(nowMs + 1),
  }),
};

describeTeeth('events', EVENT_STORE_PROPERTIES, BROKEN_EVENTS);
describeTeeth('recordedMetrics', RECORDED_METRIC_STORE_PROPERTIES, BROKEN_METRICS);
