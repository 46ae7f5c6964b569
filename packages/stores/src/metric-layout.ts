import type { MetricSignal, Refusal } from '@tracepost/contracts';
import { label, serviceOf } from './label.ts';
import { metricFields } from './metric-fields.ts';
import { DELTA_TAG, LOOK_BACK_NS } from './metrics/growth.ts';
import { isStorableTime } from './nanoseconds.ts';

/** Points of one answer, whatever limit was asked for. */
export const MAX_POINTS = 10_000;

/** A data point as stores keep it: `MetricPoint` with its name and its time in nanoseconds. */
export interface LaidPoint {
  readonly name: string;
  readonly timeUnixNano: bigint;
  readonly service: string;
  /** In the order of their keys; never empty values. Holds `service.instance.id` too. */
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number>>;
}

export interface Layout {
  readonly points: readonly LaidPoint[];
  readonly refused: readonly Refusal[];
  /** To be called once the points are stored: the beginnings of their series need not be written again. */
  remember(): void;
}

/**
 * Turns data points into the layout `telegraf-prometheus-v1`, and adds what rates and percentiles need to be exact: a
 * point of zeros where a cumulative series begins. Without it the first value of a new series, or of a restarted
 * process, is lost to every difference. Known beginnings are kept for `maxSeries` series; writing one again only
 * overwrites it with itself.
 */
export function createMetricLayout({ maxSeries = 100_000 }: { readonly maxSeries?: number } = {}): {
  layOut(signals: readonly MetricSignal[]): Layout;
} {
  const begun = new Map<string, bigint>();

  return {
    layOut(signals) {
      const points: LaidPoint[] = [];
      const refused = new Map<string, number>();
      const news = new Map<string, bigint>();
      for (const signal of signals) {
        const laid = layOutPoint(signal);
        if (typeof laid === 'string') {
          refused.set(laid, (refused.get(laid) ?? 0) + 1);
          continue;
        }
        points.push(laid);
        if (!hasBeginning(signal)) continue;
        const series = JSON.stringify([laid.name, laid.service, laid.tags]);
        const start = signal.startTimeUnixNano;
        if ((news.get(series) ?? begun.get(series)) === start) continue;
        news.set(series, start);
        points.push(zeroPoint(laid, start));
      }
      return {
        points,
        refused: [...refused].map(([reason, count]) => ({ signal: 'metrics', reason, count })),
        remember() {
          for (const [series, start] of news) begun.set(series, start);
          for (const series of begun.keys()) {
            if (begun.size <= maxSeries) break;
            begun.delete(series);
          }
        },
      };
    },
  };
}

const NAME = /^[A-Za-z_:][\w.:/-]{0,254}$/;
/** A beginning longer ago was written when it was new, or would show up as one huge step: it is left alone. */
const OLDEST_BEGINNING = LOOK_BACK_NS;

/** The reason, in one word, when no store could keep it. */
function layOutPoint(signal: MetricSignal): LaidPoint | string {
  if (!NAME.test(signal.name)) return 'invalid_name';
  if (!isStorableTime(signal.timeUnixNano)) return 'invalid_time';
  const fields = metricFields(signal.data);
  if (typeof fields === 'string') return fields;
  return {
    name: signal.name,
    timeUnixNano: signal.timeUnixNano,
    service: serviceOf(signal.origin),
    tags: tagsOf(signal),
    fields,
  };
}

const INSTANCE = 'service.instance.id';
/** Names of columns and fields in the layout: an attribute of the same name could not be told from them. */
export const COLUMNS: ReadonlySet<string> = new Set([
  ...['time', 'result', 'table', 'error', 'reference', 'service.name', INSTANCE],
  ...['count', 'sum', 'min', 'max', 'counter', 'gauge', 'bounded', '~shape'],
]);

function tagsOf({ origin, attributes, data }: MetricSignal): Record<string, string> {
  const tags: [string, string][] = [];
  for (const [key, value] of Object.entries(attributes)) tags.push([tagKey(key), value === null ? '' : label(value)]);
  const instance = origin.resource[INSTANCE];
  if (instance !== undefined && instance !== null) tags.push([INSTANCE, label(instance)]);
  // Differences between such points mean nothing: whoever reads has to be able to tell them from cumulative ones.
  if (data.type === 'histogram' && data.temporality === 'delta') tags.push([DELTA_TAG, 'delta']);
  return Object.fromEntries(
    tags.filter(([key, value]) => key !== '' && value !== '').sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function tagKey(key: string): string {
  const clean = label(key);
  return COLUMNS.has(clean) || clean.startsWith('_') ? `attribute.${clean}` : clean;
}

function hasBeginning({ data, startTimeUnixNano, timeUnixNano }: MetricSignal): boolean {
  if (data.type === 'gauge' || data.temporality !== 'cumulative') return false;
  if (data.type === 'sum' && !data.isMonotonic) return false;
  const age = timeUnixNano - startTimeUnixNano;
  return startTimeUnixNano > 0n && age > 0n && age <= OLDEST_BEGINNING;
}

function zeroPoint(point: LaidPoint, timeUnixNano: bigint): LaidPoint {
  const names = Object.keys(point.fields).filter((name) => name !== 'min' && name !== 'max');
  return { ...point, timeUnixNano, fields: Object.fromEntries(names.map((name) => [name, 0])) };
}
