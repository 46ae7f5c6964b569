import { INSTRUMENTS } from '@tracepost/telemetry';
import type { MetricDefinition } from './define-metric.ts';

export type MetricValue = string | number | boolean;

const NAME = /^[a-z][a-z0-9]*([._][a-z0-9]+)*$/;
const MAX_NAME = 100;
const MAX_ATTRIBUTES = 8;
const MAX_VALUE = 128;
const MAX_BUCKETS = 50;

/** Of the semantic conventions and of the house: what stands there means the same for everybody. */
const RESERVED = [
  ...['tracepost', 'otel', 'telemetry', 'service', 'process', 'system', 'host', 'container', 'nodejs', 'v8js', 'jvm'],
  ...['http', 'rpc', 'db', 'messaging', 'gen_ai', 'dns', 'faas', 'k8s', 'network', 'server', 'client', 'url'],
];
/** `task.id`, `user_id`, `traceId`: each value would be a series of its own. */
const ID_OF =
  /(^|[._])(task|trace|span|user|enduser|session|worker|correlation|request|message|customer|order)[._]?id$/;
const RANDOM_ID = /^([0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;

/** What is wrong, and what would be right; null when it is right. */
export function faultOfDefinition(definition: MetricDefinition): string | null {
  const { name, type, unit = '1', attributes = [], buckets = [] } = definition;
  const faultOfItsName = faultOfName(name);
  if (faultOfItsName !== null) return faultOfItsName;
  if (!['counter', 'histogram', 'gauge'].includes(type))
    return `the type of metric "${name}" is "${type}"; it is counter, histogram or gauge`;
  if (!/^[\x21-\x7e]{1,63}$/.test(unit)) return `the unit of metric "${name}" is not 1 to 63 ASCII characters`;
  if (attributes.length > MAX_ATTRIBUTES)
    return `metric "${name}" has ${attributes.length} attributes; at most ${MAX_ATTRIBUTES} are kept apart`;
  for (const key of attributes) {
    const fault = faultOfKey(name, key);
    if (fault !== null) return fault;
  }
  const isRising = buckets.every((bound, at) => Number.isFinite(bound) && (at === 0 || bound > (buckets[at - 1] ?? 0)));
  if (!isRising || buckets.length > MAX_BUCKETS)
    return `the buckets of metric "${name}" are not at most ${MAX_BUCKETS} numbers, each larger than the one before`;
  return null;
}

function faultOfName(name: string): string | null {
  if (typeof name !== 'string' || name.length > MAX_NAME || !NAME.test(name))
    return `metric name "${name}" is not words of a-z and 0-9 with "." or "_" between them, such as orders.placed`;
  const [namespace = ''] = name.split('.');
  if (RESERVED.includes(namespace) || Object.hasOwn(INSTRUMENTS, name))
    return `metric name "${name}" belongs to OpenTelemetry or to Tracepost; begin with a word of your own`;
  return null;
}

function faultOfKey(name: string, key: string): string | null {
  if (!NAME.test(snake(key)) || key.length > MAX_NAME)
    return `attribute "${key}" of metric "${name}" is not words of letters and digits with "." or "_" between them`;
  if (ID_OF.test(snake(key)))
    return `attribute "${key}" of metric "${name}" is an id: each value would be a series of its own; ids belong on spans and log lines`;
  if (/^(tracepost|otel|service)\./.test(key))
    return `attribute "${key}" of metric "${name}" belongs to Tracepost or OpenTelemetry; use a word of your own`;
  return null;
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/^_/, '');
}

export interface Measured {
  readonly value: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Of the task at hand: what must not become a series. */
  readonly ids: ReadonlySet<string>;
}

/** The same for one measurement. */
export function faultOfMeasurement(
  { name, type, attributes: allowed }: Pick<Required<MetricDefinition>, 'name' | 'type' | 'attributes'>,
  { value, attributes, ids }: Measured,
): string | null {
  if (typeof value !== 'number' || !Number.isFinite(value))
    return `the value of "${name}" is ${value}, not a finite number`;
  if (type === 'counter' && value < 0)
    return `counter "${name}" cannot count ${value}: it only rises; a level is a gauge`;
  for (const [key, given] of Object.entries(attributes)) {
    if (!allowed.includes(key)) {
      const known = allowed.length === 0 ? 'it has none' : `it has ${allowed.join(', ')}`;
      return `metric "${name}" has no attribute "${key}"; ${known}`;
    }
    if (given === undefined) continue;
    if (!['string', 'number', 'boolean'].includes(typeof given))
      return `attribute "${key}" of metric "${name}" is no text, number or boolean`;
    const text = String(given);
    if (text.length > MAX_VALUE) return `attribute "${key}" of metric "${name}" has more than ${MAX_VALUE} characters`;
    if (RANDOM_ID.test(text) || ids.has(text))
      return `attribute "${key}" of metric "${name}" holds an id: each would be a series of its own; ids belong on spans and log lines`;
  }
  return null;
}
