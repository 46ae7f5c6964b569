import type { MetricPoint } from '@tracepost/stores';
import { numberOf, type Restart, seriesOf } from './series-totals.ts';

/** How much one process held of one signal. */
export interface Held {
  readonly attributes: Readonly<Record<string, string>>;
  readonly now: number;
  /** When it was first seen, if it had begun before. */
  readonly base: number;
  readonly lastAt: number;
  /** Held by processes that were gone after that. */
  readonly dead: number;
}

/** Follows a gauge of what waits, and what was waiting when a process said its last. */
export interface HeldTotals {
  take(points: readonly MetricPoint[], bounds: { readonly until: number; readonly begunBefore: number }): void;
  restarted(restarts: readonly Restart[]): void;
  all(): Held[];
}

interface Followed extends Held {
  now: number;
  lastAt: number;
  dead: number;
  /** By time, the newest few: which of them was the last word is known afterwards. */
  readonly said: Map<number, number>;
}

const REMEMBERED = 500;

export function createHeldTotals(): HeldTotals {
  const followed = new Map<string, Followed>();
  return {
    take(points, { until, begunBefore }) {
      for (const point of [...points].sort((a, b) => (a.at < b.at ? -1 : 1))) {
        const at = Date.parse(point.at);
        if (at > until) continue;
        const value = numberOf(point);
        const series = seriesOf(point);
        const known = followed.get(series);
        if (!known) {
          const base = at < begunBefore ? value : 0;
          const { attributes } = point;
          followed.set(series, { attributes, base, now: value, lastAt: at, dead: 0, said: new Map([[at, value]]) });
        } else if (at > known.lastAt) {
          known.now = value;
          known.lastAt = at;
          known.said.set(at, value);
          for (const old of known.said.keys()) {
            if (known.said.size <= REMEMBERED) break;
            known.said.delete(old);
          }
        }
      }
    },
    restarted(restarts) {
      for (const { series, lastAt } of restarts) {
        const known = followed.get(series);
        if (known) known.dead += known.said.get(lastAt) ?? 0;
      }
    },
    all: () => [...followed.values()],
  };
}
