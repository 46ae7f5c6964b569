import { type Attributes, type Meter, metrics, type Observable, type ObservableCallback } from '@opentelemetry/api';
import type { InstrumentKind, Measurement, ThreadInstrument } from './thread-signals.ts';

export interface ThreadInstruments {
  /** False when the thread has made more instruments than anybody needs. */
  record(measurement: Measurement): boolean;
  /** Its observables are not asked any more. */
  end(): void;
}

interface Recorder {
  record(value: number, attributes: Attributes): void;
  end(): void;
}

const MOST_INSTRUMENTS = 1_000;

/** The process's own instruments, for what one thread measures: whichever thread counts, it is one series. */
export function createThreadInstruments(): ThreadInstruments {
  const recorders = new Map<string, Recorder>();
  return {
    record({ instrument, value, attributes }) {
      const key = `${instrument.scope.name} ${instrument.kind} ${instrument.name}`;
      const known = recorders.get(key);
      if (!known && recorders.size >= MOST_INSTRUMENTS) return false;
      const recorder = known ?? createRecorder(instrument);
      recorders.set(key, recorder);
      recorder.record(value, attributes);
      return true;
    },
    end() {
      for (const recorder of recorders.values()) recorder.end();
      recorders.clear();
    },
  };
}

function createRecorder({ scope, kind, name, unit, description, boundaries }: ThreadInstrument): Recorder {
  const meter = metrics.getMeter(scope.name, scope.version);
  const options = {
    ...(unit === '' ? {} : { unit }),
    ...(description === '' ? {} : { description }),
    ...(boundaries.length === 0 ? {} : { advice: { explicitBucketBoundaries: [...boundaries] } }),
  };
  const makers: Readonly<Record<InstrumentKind, () => Recorder>> = {
    counter: () => adding(meter.createCounter(name, options)),
    upDownCounter: () => adding(meter.createUpDownCounter(name, options)),
    histogram: () => recording(meter.createHistogram(name, options)),
    gauge: () => recording(meter.createGauge(name, options)),
    observableCounter: () => observing(meter.createObservableCounter(name, options)),
    observableUpDownCounter: () => observing(meter.createObservableUpDownCounter(name, options)),
    observableGauge: () => observing(meter.createObservableGauge(name, options)),
  };
  return makers[kind]();
}

function adding(counter: Pick<ReturnType<Meter['createCounter']>, 'add'>): Recorder {
  return { record: (value, attributes) => counter.add(value, attributes), end: () => {} };
}

function recording(instrument: Pick<ReturnType<Meter['createHistogram']>, 'record'>): Recorder {
  return { record: (value, attributes) => instrument.record(value, attributes), end: () => {} };
}

const MOST_SERIES = 1_000;

function observing(observable: Observable): Recorder {
  const last = new Map<string, { readonly value: number; readonly attributes: Attributes }>();
  const callback: ObservableCallback = (result) => {
    for (const { value, attributes } of last.values()) result.observe(value, attributes);
  };
  observable.addCallback(callback);
  return {
    record(value, attributes) {
      const key = JSON.stringify(attributes);
      if (last.has(key) || last.size < MOST_SERIES) last.set(key, { value, attributes });
    },
    end: () => observable.removeCallback(callback),
  };
}
