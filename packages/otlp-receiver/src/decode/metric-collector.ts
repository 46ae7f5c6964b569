import type { MetricSignal, Origin } from '@tracepost/contracts';
import type { Refusals } from '../refusals.ts';
import type { Point } from './point.ts';
import { toMetricSignals } from './summary.ts';

export type Descriptor = Pick<MetricSignal, 'name' | 'description' | 'unit'>;

/** Takes points as they are read and gives signals: one for each, but several for a summary. */
export class MetricCollector {
  readonly signals: MetricSignal[];
  readonly refused: Refusals;
  readonly #nowMs: number;

  constructor(signals: MetricSignal[], refused: Refusals, nowMs: number) {
    this.signals = signals;
    this.refused = refused;
    this.#nowMs = nowMs;
  }

  add(origin: Origin, descriptor: Descriptor, { data, ...point }: Point): void {
    if (typeof data === 'string') this.refused.add('metrics', data);
    else if (data.type !== 'summary') this.signals.push({ origin, ...descriptor, ...point, data });
    else {
      const made = toMetricSignals({ origin, ...descriptor, ...point }, data.summary, this.#nowMs);
      if (typeof made === 'string') this.refused.add('metrics', made);
      else this.signals.push(...made);
    }
  }
}
