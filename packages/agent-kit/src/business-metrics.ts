import type { Attributes, Counter, Gauge, Histogram } from '@opentelemetry/api';
import type { Telemetry } from '@tracepost/telemetry';
import { defineMetric, type Metric, type MetricType } from './define-metric.ts';
import { faultOfMeasurement, type MetricValue } from './metric-rules.ts';

type Given<A extends string> = Readonly<Partial<Record<A, MetricValue>>>;

/**
 * Metrics of an agent's author, in one line each: by `defineMetric`, or by a bare name, whose attributes are those of its first use. A
 * wrong use never fails a task: it is left out, counted in `tracepost.agent.metrics.refused`, and said once in the log.
 */
export interface MetricTaker {
  /** Adds to a counter; 1 when no value is given. */
  count<A extends string>(metric: Metric<A> | string, value?: number, attributes?: Given<A>): void;
  /** One value of a distribution: an amount, a size, a duration in seconds. */
  measure<A extends string>(metric: Metric<A> | string, value: number, attributes?: Given<A>): void;
  /** What something is at now; the last value holds. */
  setLevel<A extends string>(metric: Metric<A> | string, value: number, attributes?: Given<A>): void;
}

/** Outlives the attempts: instruments and series are those of the agent. */
export interface BusinessMetrics {
  /** `ids` of the task at hand: a measurement that holds one is refused. */
  forTask(ids: readonly (string | null)[]): MetricTaker;
}

/** As OpenTelemetry's own limit for one instrument, a little below it, so that this one says whose attribute it is. */
const MOST_SERIES = 1_000;
const MOST_METRICS = 200;
const MOST_FAULTS = 500;

interface Known {
  readonly metric: Metric;
  readonly add: (value: number, attributes: Attributes) => void;
  readonly series: Set<string>;
  isOverflowTold: boolean;
}

export function createBusinessMetrics(telemetry: Telemetry, agentId: string): BusinessMetrics {
  const { logger, metrics } = telemetry;
  const known = new Map<string, Known>();
  const told = new Set<string>();
  const byAgent = { 'tracepost.agent.id': agentId };

  const refuse = (reason: string, fault: string): void => {
    metrics.add('tracepost.agent.metrics.refused', 1, { ...byAgent, 'tracepost.reason': reason });
    if (told.has(fault) || told.size >= MOST_FAULTS) return;
    told.add(fault);
    logger.warn(
      { layer: 'agent', phase: 'hop', hopName: 'metric', hopResult: reason, result: 'error', agentId },
      `a measurement was left out: ${fault}`,
    );
  };

  const find = (given: Metric | string, type: MetricType, keys: readonly string[]): Known | null => {
    const name = typeof given === 'string' ? given : given.name;
    const found = known.get(name) ?? make(given, type, keys);
    if (found === null) return null;
    const asked = typeof given === 'string' ? type : given.type;
    if (found.metric.type === type && asked === type) return found;
    refuse('wrong_type', `"${name}" is a ${found.metric.type}, and was used as a ${type}`);
    return null;
  };

  const make = (given: Metric | string, type: MetricType, keys: readonly string[]): Known | null => {
    if (known.size >= MOST_METRICS) {
      refuse('too_many_metrics', `agent "${agentId}" has ${MOST_METRICS} metrics already, and wanted another one`);
      return null;
    }
    try {
      // An object that looks like a definition is checked like one.
      const metric = defineMetric<string>(typeof given === 'string' ? { name: given, type, attributes: keys } : given);
      const made = {
        metric,
        add: createInstrument(telemetry, metric),
        series: new Set<string>(),
        isOverflowTold: false,
      };
      known.set(metric.name, made);
      return made;
    } catch (error) {
      refuse('wrong_definition', error instanceof Error ? error.message : String(error));
      return null;
    }
  };

  /** Past the limit of series everything is one: the sum stays right. */
  const boundSeries = (entry: Known, attributes: Record<string, MetricValue>): Attributes => {
    const { series, metric } = entry;
    const key = JSON.stringify(attributes);
    if (series.has(key) || series.size < MOST_SERIES) {
      series.add(key);
      return { ...attributes, ...byAgent };
    }
    metrics.add('tracepost.series.overflow', 1, { 'tracepost.metric': metric.name, 'tracepost.outcome': 'merged' });
    if (!entry.isOverflowTold) {
      entry.isOverflowTold = true;
      const { attribute, values } = mostValues(series);
      logger.warn(
        {
          layer: 'agent',
          phase: 'hop',
          hopName: 'metric',
          hopResult: 'overflow',
          result: 'partial',
          agentId,
          attribute,
        },
        `${metric.name} has more than ${MOST_SERIES} series: its attribute ${attribute} had ${values} values; further ones are counted as one`,
      );
    }
    return { 'otel.metric.overflow': true, ...byAgent };
  };

  const take = (
    ids: ReadonlySet<string>,
    type: MetricType,
    given: Metric | string,
    value: number,
    attributes: Readonly<Record<string, MetricValue | undefined>> = {},
  ): void => {
    const entry = find(given, type, Object.keys(attributes));
    if (!entry) return;
    const fault = faultOfMeasurement(entry.metric, { value, attributes, ids });
    if (fault !== null) {
      refuse('wrong_measurement', fault);
      return;
    }
    const present = Object.entries(attributes).filter(([, value]) => value !== undefined);
    // In one order: whoever names them in another means the same series.
    const plain = Object.fromEntries(present.sort(([a], [b]) => (a < b ? -1 : 1))) as Record<string, MetricValue>;
    entry.add(value, boundSeries(entry, plain));
  };

  // Whatever an author hands in, a file without types too: a number that nobody gets is no reason to fail a task.
  const tryTake: typeof take = (...measurement) => {
    try {
      take(...measurement);
    } catch (error) {
      refuse('wrong_measurement', error instanceof Error ? error.message : String(error));
    }
  };

  return {
    forTask(given) {
      const ids = new Set(given.filter((id) => id !== null && id !== ''));
      // A set of texts; the filter above has taken the others out.
      const own = ids as ReadonlySet<string>;
      return {
        count: (metric, value = 1, attributes) => tryTake(own, 'counter', metric, value, attributes),
        measure: (metric, value, attributes) => tryTake(own, 'histogram', metric, value, attributes),
        setLevel: (metric, value, attributes) => tryTake(own, 'gauge', metric, value, attributes),
      };
    },
  };
}

function createInstrument({ meter }: Telemetry, metric: Metric): Known['add'] {
  const { name, type, unit, description, buckets } = metric;
  if (type === 'counter') {
    const counter: Counter = meter.createCounter(name, { unit, description });
    return (value, attributes) => counter.add(value, attributes);
  }
  if (type === 'gauge') {
    const gauge: Gauge = meter.createGauge(name, { unit, description });
    return (value, attributes) => gauge.record(value, attributes);
  }
  const advice = { explicitBucketBoundaries: [...buckets] };
  const histogram: Histogram = meter.createHistogram(name, { unit, description, advice });
  return (value, attributes) => histogram.record(value, attributes);
}

function mostValues(series: ReadonlySet<string>): { readonly attribute: string; readonly values: number } {
  const values = new Map<string, Set<unknown>>();
  for (const key of series) {
    // Written by JSON.stringify above.
    for (const [attribute, value] of Object.entries(JSON.parse(key) as Record<string, unknown>)) {
      const seen = values.get(attribute) ?? new Set();
      values.set(attribute, seen.add(value));
    }
  }
  const sizes = [...values].map(([attribute, seen]) => ({ attribute, values: seen.size }));
  return sizes.reduce((most, next) => (next.values > most.values ? next : most), { attribute: 'none', values: 0 });
}
