import type { MetricData, MetricSignal } from '@tracepost/contracts';
import type { Summary } from './summary.ts';

/** A point without its metric; `data` is the reason when there is nothing to store. */
export interface Point extends Pick<MetricSignal, 'attributes' | 'startTimeUnixNano' | 'timeUnixNano'> {
  readonly data: MetricData | { readonly type: 'summary'; readonly summary: Summary } | string;
}

/** A flag: set when a series has ended, and there is no value in the point. */
export const NO_RECORDED_VALUE = 1;

export type Kind = 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary';
