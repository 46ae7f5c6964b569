import type { MetricSignal } from '@tracepost/contracts';
import type { MetricAnswer, MetricPoint, MetricPointQuery, MetricQuestion, MetricStore } from '@tracepost/stores';
import { type Breakages, hidingRefusals, LATER, mapValues, withoutPing } from './breakage.ts';

export const BROKEN_METRIC_STORES: Breakages<MetricStore> = {
  'forgets everything': reading(() => []),
  'invents a point': reading((points) => (points.length > 0 ? points : [INVENTED])),
  'gives the oldest point first': reading((points) => [...points].reverse()),
  'does not look at the limit': asking((query) => ({ ...query, limit: 1000 })),
  'does not look at the window': asking((query) => ({ ...query, from: new Date(0), to: new Date('2100-01-01') })),
  'takes a name for a pattern': (right) => ({
    ...right,
    readPoints: async (query) => (query.name.includes(' or ') ? [INVENTED] : right.readPoints(query)),
  }),
  'does not begin at zero': writingEach((metric) => ({ ...metric, startTimeUnixNano: 0n })),
  'begins a restarted series only once': (right) => {
    const starts = new Map<string, bigint>();
    const rememberStart = (metric: MetricSignal): MetricSignal => {
      const startTimeUnixNano = starts.get(metric.name) ?? metric.startTimeUnixNano;
      starts.set(metric.name, startTimeUnixNano);
      return { ...metric, startTimeUnixNano };
    };
    return { ...right, writeMetrics: (metrics) => right.writeMetrics(metrics.map(rememberStart)) };
  },
  'takes every sum for a counter': writingEach(({ data, ...metric }) => ({
    ...metric,
    data: data.type === 'sum' ? { ...data, isMonotonic: true, temporality: 'cumulative' } : data,
  })),
  'takes deltas for cumulative': writingEach(asCumulative),
  'does not add buckets up': readingEach((point) => ({ ...point, fields: { ...point.fields, '0.5': 2 } })),
  'makes zeros of missing numbers': readingEach((point) => ({ ...point, fields: { min: 0, ...point.fields } })),
  'keeps whole numbers only': readingEach((point) => ({ ...point, fields: mapValues(point.fields, Math.trunc) })),
  'loses the service': readingEach((point) => ({ ...point, service: '' })),
  'loses attributes': readingEach((point) => ({ ...point, attributes: {} })),
  'keeps one series for each name': writingEach((metric) => ({ ...metric, attributes: {} })),
  'keeps a point as often as it comes': (right) => {
    let writes = 0n;
    return {
      ...right,
      writeMetrics(metrics) {
        writes += 1_000_000n;
        return right.writeMetrics(metrics.map((metric) => ({ ...metric, timeUnixNano: metric.timeUnixNano + writes })));
      },
    };
  },
  'says nothing of what it refused': (right) => ({
    ...right,
    writeMetrics: async (metrics) => hidingRefusals(await right.writeMetrics(metrics)),
  }),
  'takes nothing': (right) => ({ ...right, writeMetrics: async () => LATER }),
  'does not answer ping': withoutPing,
};

export const BROKEN_METRIC_QUESTIONS: Breakages<MetricStore> = {
  'takes deltas for cumulative': writingEach(asCumulative),
  'does not begin at zero': writingEach((metric) => ({ ...metric, startTimeUnixNano: 0n })),
  'makes zeros of nulls': answeringEach(({ value, ...point }) => ({ ...point, value: value ?? 0 })),
  'answers in whole numbers': answeringEach(({ value, ...point }) => ({ ...point, value: value && Math.round(value) })),
  'counts what was before anybody looked': writingEach((metric) => ({
    ...metric,
    startTimeUnixNano: metric.startTimeUnixNano || metric.timeUnixNano - 1_000_000_000n,
  })),
  'takes every percentile for the median': questioning(({ aggregation, ...question }) => ({
    ...question,
    aggregation: aggregation === 'P95' || aggregation === 'P99' ? 'P50' : aggregation,
  })),
  'does not look at the range of a question': questioning((question) => ({ ...question, to: new Date('2026-11-30') })),
  'does not look at conditions': questioning((question) => ({ ...question, where: {} })),
  'does not tell series apart': questioning((question) => ({ ...question, groupBy: [] })),
  'cannot be stopped': questioning(({ signal, ...question }) => question),
  'refuses nothing': answering((answer) =>
    answer.status === 'refused' ? { ...ANSWERED, aggregation: answer.aggregation } : answer,
  ),
  'counts windows from where the question begins': (right) => ({
    ...right,
    queryMetric: async (question) => {
      const shift = question.everyMs === null ? 0 : question.from.getTime() % question.everyMs;
      return shifted(await right.queryMetric(question), shift);
    },
  }),
  'answers too large questions with nothing': (right) => ({
    ...right,
    queryMetric: (question) => right.queryMetric(question).catch(() => ANSWERED),
  }),
  'cannot be asked for times that it does not reach': questioning((question) => {
    if (question.to < new Date('1971-01-01')) throw new RangeError('too early');
    return question;
  }),
  'has no catalog': (right) => ({ ...right, catalog: async () => [] }),
  'loses the last point that comes while hours are put together': (right) => {
    let rollUps = 0;
    return {
      ...right,
      async rollUp(through, signal) {
        rollUps++;
        return right.rollUp(through, signal).finally(() => rollUps--);
      },
      writeMetrics: (metrics) => right.writeMetrics(rollUps > 0 ? metrics.slice(0, -1) : metrics),
    };
  },
  'puts nothing together': (right) => ({ ...right, rollUp: async () => ({ hours: 0, late: 0 }) }),
};

const ANSWERED: MetricAnswer = {
  status: 'answered',
  kind: null,
  unit: '',
  aggregation: 'SUM',
  accuracy: null,
  sampleCount: 0,
  series: [],
};

const INVENTED: MetricPoint = {
  at: '2026-11-21T09:00:00.000Z',
  service: 'nobody',
  attributes: {},
  fields: { gauge: 1 },
};

function asking(change: (query: MetricPointQuery) => MetricPointQuery): (right: MetricStore) => MetricStore {
  return (right) => ({ ...right, readPoints: (query) => right.readPoints(change(query)) });
}

function reading(change: (points: MetricPoint[]) => MetricPoint[]): (right: MetricStore) => MetricStore {
  return (right) => ({ ...right, readPoints: async (query) => change(await right.readPoints(query)) });
}

function readingEach(change: (point: MetricPoint) => MetricPoint): (right: MetricStore) => MetricStore {
  return reading((points) => points.map(change));
}

function writingEach(change: (metric: MetricSignal) => MetricSignal): (right: MetricStore) => MetricStore {
  return (right) => ({ ...right, writeMetrics: (metrics) => right.writeMetrics(metrics.map(change)) });
}

function questioning(change: (question: MetricQuestion) => MetricQuestion): (right: MetricStore) => MetricStore {
  return (right) => ({ ...right, queryMetric: (question) => right.queryMetric(change(question)) });
}

function answering(change: (answer: MetricAnswer) => MetricAnswer): (right: MetricStore) => MetricStore {
  return (right) => ({ ...right, queryMetric: async (question) => change(await right.queryMetric(question)) });
}

type AnsweredPoint = Extract<MetricAnswer, { status: 'answered' }>['series'][number]['points'][number];

function answeringEach(change: (point: AnsweredPoint) => AnsweredPoint): (right: MetricStore) => MetricStore {
  return answering((answer) => changePoints(answer, change));
}

function shifted(answer: MetricAnswer, byMs: number): MetricAnswer {
  return changePoints(answer, ({ atMs, value }) => ({ atMs: atMs + byMs, value }));
}

function changePoints(answer: MetricAnswer, change: (point: AnsweredPoint) => AnsweredPoint): MetricAnswer {
  if (answer.status === 'refused') return answer;
  const series = answer.series.map((one) => ({ ...one, points: one.points.map(change) }));
  return { ...answer, series };
}

function asCumulative({ data, ...metric }: MetricSignal): MetricSignal {
  return { ...metric, data: data.type === 'histogram' ? { ...data, temporality: 'cumulative' } : data };
}
