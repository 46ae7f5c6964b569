import { faultOfDefinition } from './metric-rules.ts';

export type MetricType = 'counter' | 'histogram' | 'gauge';

export interface MetricDefinition<A extends string = string> {
  /** Words with dots between them, such as `orders.placed`; a namespace of OpenTelemetry or of the house is refused. */
  readonly name: string;
  readonly type: MetricType;
  /** UCUM: `s`, `By`, `EUR`, `{order}`; `1` when there is none. */
  readonly unit?: string;
  readonly description?: string;
  /** The only attributes that it may have, at most 8. */
  readonly attributes?: readonly A[];
  /** Of a histogram: upper bounds, rising. By the unit when there are none. */
  readonly buckets?: readonly number[];
}

/** A definition that was checked and filled in. */
export interface Metric<A extends string = string> extends Required<MetricDefinition<A>> {}

/**
 * Describes a metric of one's own, once, beside the agent: `const ORDERS = defineMetric({ name: 'orders.placed', type: 'counter',
 * unit: '{order}', attributes: ['country'] })`, then `count(ORDERS, 1, { country })`. Throws when the definition itself is wrong.
 */
export function defineMetric<const A extends string = never>(definition: MetricDefinition<A>): Metric<A> {
  const fault = faultOfDefinition(definition);
  if (fault !== null) throw new TypeError(fault);
  const { name, type, unit = '1', description = '', attributes = [], buckets = bucketsOf(unit) } = definition;
  return { name, type, unit, description, attributes, buckets };
}

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
const BYTES = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 26_214_400];
/** Three a decade, from a cent to a million. */
const AMOUNTS = [-2, -1, 0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));

function bucketsOf(unit: string): readonly number[] {
  if (unit === 's') return SECONDS;
  return unit === 'By' ? BYTES : AMOUNTS;
}
