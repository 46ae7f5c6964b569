import type {
  BatchObservableCallback,
  Meter,
  MeterProvider,
  MetricOptions,
  Observable,
  ObservableCallback,
} from '@opentelemetry/api';
import type { InstrumentKind, Measurement, ThreadInstrument, ThreadScope } from './thread-signals.ts';

export interface ThreadMeterProvider extends MeterProvider {
  /** Asks every observable for its value. */
  collect(): Promise<void>;
}

/**
 * Meters whose every call becomes a measurement for somebody else: the process counts, in its own series. An SDK of the thread's own
 * would begin new series with each restart, and lose with a crash what it had not yet exported.
 */
export function createThreadMeterProvider(take: (measurement: Measurement) => void): ThreadMeterProvider {
  const observables = new Set<ThreadObservable>();
  const batches = new Set<BatchObservableCallback>();
  const meters = new Map<string, Meter>();
  return {
    getMeter(name, version = '') {
      const key = `${name}@${version}`;
      const meter = meters.get(key) ?? createMeter({ name, version }, take, observables, batches);
      meters.set(key, meter);
      return meter;
    },
    async collect() {
      for (const observable of observables) await observable.collect(take);
      for (const callback of batches) {
        await tryCallback(() =>
          callback({
            observe: (observable, value, attributes = {}) => {
              if (observable instanceof ThreadObservable)
                take({ instrument: observable.instrument, value, attributes: { ...attributes } });
            },
          }),
        );
      }
    },
  };
}

function createMeter(
  scope: ThreadScope,
  take: (measurement: Measurement) => void,
  observables: Set<ThreadObservable>,
  batches: Set<BatchObservableCallback>,
): Meter {
  const describe = (kind: InstrumentKind, name: string, options: MetricOptions = {}): ThreadInstrument => ({
    scope,
    kind,
    name,
    unit: options.unit ?? '',
    description: options.description ?? '',
    boundaries: options.advice?.explicitBucketBoundaries ?? [],
  });
  const direct = (kind: InstrumentKind, name: string, options?: MetricOptions) => {
    const instrument = describe(kind, name, options);
    // Copied: whoever measures may change the object afterwards, and it leaves later.
    return (value: number, attributes: object = {}) => take({ instrument, value, attributes: { ...attributes } });
  };
  const mine = new Map<string, ThreadObservable>();
  const observed = (kind: InstrumentKind, name: string, options?: MetricOptions): Observable => {
    const known = mine.get(`${kind} ${name}`);
    if (known) return known;
    const observable = new ThreadObservable(describe(kind, name, options));
    mine.set(`${kind} ${name}`, observable);
    observables.add(observable);
    return observable;
  };
  return {
    createCounter: (name, options) => ({ add: direct('counter', name, options) }),
    createUpDownCounter: (name, options) => ({ add: direct('upDownCounter', name, options) }),
    createHistogram: (name, options) => ({ record: direct('histogram', name, options) }),
    createGauge: (name, options) => ({ record: direct('gauge', name, options) }),
    createObservableCounter: (name, options) => observed('observableCounter', name, options),
    createObservableUpDownCounter: (name, options) => observed('observableUpDownCounter', name, options),
    createObservableGauge: (name, options) => observed('observableGauge', name, options),
    addBatchObservableCallback: (callback) => void batches.add(callback as BatchObservableCallback),
    removeBatchObservableCallback: (callback) => void batches.delete(callback as BatchObservableCallback),
  };
}

/** One that throws is its author's mistake: the others are asked all the same. */
async function tryCallback(call: () => unknown): Promise<void> {
  try {
    await call();
  } catch {
    // As OpenTelemetry's own collection does: there is no value this time.
  }
}

class ThreadObservable implements Observable {
  readonly instrument: ThreadInstrument;
  readonly #callbacks = new Set<ObservableCallback>();

  constructor(instrument: ThreadInstrument) {
    this.instrument = instrument;
  }

  addCallback(callback: ObservableCallback): void {
    this.#callbacks.add(callback);
  }

  removeCallback(callback: ObservableCallback): void {
    this.#callbacks.delete(callback);
  }

  async collect(take: (measurement: Measurement) => void): Promise<void> {
    const { instrument } = this;
    for (const callback of this.#callbacks) {
      await tryCallback(() =>
        callback({ observe: (value, attributes = {}) => take({ instrument, value, attributes: { ...attributes } }) }),
      );
    }
  }
}
