import type { Attributes, Counter, Histogram, Meter, UpDownCounter } from '@opentelemetry/api';
import {
  type AttributesOf,
  type CounterName,
  type HistogramName,
  INSTRUMENTS,
  type InstrumentName,
  type ObservableName,
} from './instruments.ts';

export interface Observation<K extends InstrumentName> {
  readonly value: number;
  readonly attributes?: AttributesOf<K>;
}

/** Records into the instruments of the registry; each is made when it is first used. */
export interface Metrics {
  add<K extends CounterName>(name: K, value: number, attributes?: AttributesOf<K>): void;
  record<K extends HistogramName>(name: K, value: number, attributes?: AttributesOf<K>): void;
  /** Asked at each collection; the returned function ends it. */
  observe<K extends ObservableName>(name: K, read: () => readonly Observation<K>[]): () => void;
}

export function createMetrics(meter: Meter): Metrics {
  const counters = new Map<string, Counter | UpDownCounter>();
  const histograms = new Map<string, Histogram>();

  return {
    add(name, value, attributes) {
      const counter = counters.get(name) ?? remember(counters, name, createCounter(meter, name));
      counter.add(value, attributes as Attributes | undefined);
    },
    record(name, value, attributes) {
      const histogram = histograms.get(name) ?? remember(histograms, name, createHistogram(meter, name));
      histogram.record(value, attributes as Attributes | undefined);
    },
    observe(name, read) {
      const { type, unit, description } = INSTRUMENTS[name];
      const options = { unit, description };
      const instrument =
        type === 'observableCounter'
          ? meter.createObservableCounter(name, options)
          : meter.createObservableGauge(name, options);
      const callback: Parameters<typeof instrument.addCallback>[0] = (result) => {
        for (const { value, attributes } of read()) result.observe(value, attributes as Attributes | undefined);
      };
      instrument.addCallback(callback);
      return () => instrument.removeCallback(callback);
    },
  };
}

function remember<T>(known: Map<string, T>, name: string, instrument: T): T {
  known.set(name, instrument);
  return instrument;
}

function createCounter(meter: Meter, name: CounterName): Counter | UpDownCounter {
  const { type, unit, description } = INSTRUMENTS[name];
  return type === 'counter'
    ? meter.createCounter(name, { unit, description })
    : meter.createUpDownCounter(name, { unit, description });
}

function createHistogram(meter: Meter, name: HistogramName): Histogram {
  const { unit, description, buckets } = INSTRUMENTS[name];
  return meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: [...buckets] } });
}
