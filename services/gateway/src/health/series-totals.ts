import type { MetricPoint } from '@tracepost/stores';

/** What one cumulative series has counted, over restarts of the process behind it. */
export interface SeriesTotal {
  readonly service: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Its value when it was first seen, if it had begun before; otherwise 0. */
  readonly base: number;
  /** Counted since. */
  readonly grown: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** A process began again: its counters fell. */
export interface Restart {
  readonly series: string;
  /** The last that the process before said, in milliseconds. */
  readonly lastAt: number;
}

/** Follows series of one counter from look to look; points that were seen already, in any order, change nothing. */
export interface SeriesTotals {
  /** Points up to `until`; a series whose first point lies before `begunBefore` had counted before anybody looked. */
  take(points: readonly MetricPoint[], bounds: { readonly until: number; readonly begunBefore: number }): Restart[];
  all(): SeriesTotal[];
}

interface Followed extends SeriesTotal {
  base: number;
  grown: number;
  lastAt: number;
  last: number;
}

export function createSeriesTotals(): SeriesTotals {
  const followed = new Map<string, Followed>();
  return {
    take(points, { until, begunBefore }) {
      const restarts: Restart[] = [];
      for (const point of oldestFirst(points)) {
        const at = Date.parse(point.at);
        if (at > until) continue;
        const value = numberOf(point);
        const series = seriesOf(point);
        const known = followed.get(series);
        if (!known) {
          const base = at < begunBefore ? value : 0;
          const { service, attributes } = point;
          followed.set(series, {
            ...{ service, attributes, base, grown: value - base },
            ...{ firstAt: at, lastAt: at, last: value },
          });
        } else if (at > known.lastAt) {
          if (value < known.last) restarts.push({ series, lastAt: known.lastAt });
          known.grown += value < known.last ? value : value - known.last;
          known.last = value;
          known.lastAt = at;
        }
      }
      return restarts;
    },
    all: () => [...followed.values()],
  };
}

/** The same for series of different metrics that come from one process and have the same attributes. */
export function seriesOf({ service, attributes }: Pick<MetricPoint, 'service' | 'attributes'>): string {
  return JSON.stringify([service, Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1))]);
}

export function numberOf({ fields }: Pick<MetricPoint, 'fields'>): number {
  return Math.round(fields.counter ?? fields.gauge ?? 0);
}

function oldestFirst(points: readonly MetricPoint[]): MetricPoint[] {
  return [...points].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}
