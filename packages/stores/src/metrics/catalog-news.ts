import type { MetricKind, MetricSignal } from '@tracepost/contracts';
import { label } from '../label.ts';
import type { LaidPoint } from '../metric-layout.ts';
import type { MetricDescription } from './question.ts';

export const DAY_MS = 86_400_000;
const SERVICE = 'service.name';
const LONGEST_TEXT = 1_024;

/** A metric as it was written on a day (UTC), or one attribute that it had. */
export type CatalogEntry =
  | ({ readonly entry: 'metric'; readonly dayMs: number } & MetricDescription)
  | { readonly entry: 'attribute'; readonly dayMs: number; readonly name: string; readonly key: string };

export interface CatalogNews {
  readonly entries: readonly CatalogEntry[];
  /** To be called once the entries are stored: they are not news any more. */
  remember(): void;
}

/**
 * Notes of what is written, for the catalog: each metric once a day and each of its attributes once a day, so that the
 * catalog of any time is found without looking at points. Knows `maxKnown` entries; writing one again changes nothing.
 */
export function createCatalogNews({ maxKnown = 50_000 }: { readonly maxKnown?: number } = {}): {
  collect(signals: readonly MetricSignal[], points: readonly LaidPoint[]): CatalogNews;
} {
  const known = new Set<string>();

  return {
    collect(signals, points) {
      const news = new Map<string, CatalogEntry>();
      const note = (id: string, entry: () => CatalogEntry) => {
        if (!known.has(id) && !news.has(id)) news.set(id, entry());
      };
      const described = new Map<string, MetricSignal>();
      for (const signal of signals) described.set(signal.name, signal);
      for (const { name, timeUnixNano, tags } of points) {
        const dayMs = dayOf(timeUnixNano);
        const signal = described.get(name);
        if (signal) {
          const description = describe(signal);
          const { kind, unit, description: text } = description;
          note(`${dayMs}\n${name}\n\n${kind}\n${unit}\n${text}`, () => ({ entry: 'metric', dayMs, ...description }));
        }
        const noteKey = (key: string) =>
          note(`${dayMs}\n${name}\n${key}`, () => ({ entry: 'attribute', dayMs, name, key }));
        noteKey(SERVICE);
        for (const key in tags) noteKey(key);
      }
      return {
        entries: [...news.values()],
        remember() {
          if (known.size + news.size > maxKnown) known.clear();
          for (const id of news.keys()) known.add(id);
        },
      };
    },
  };
}

export function floorDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

function dayOf(nanos: bigint): number {
  return floorDay(Number(nanos / 1_000_000n));
}

function describe({ name, unit, description, data }: MetricSignal): MetricDescription {
  const text = (value: string) => label(value).slice(0, LONGEST_TEXT);
  return { name, kind: kindOf(data), unit: text(unit), description: text(description) };
}

/** A sum that may fall is a gauge: what it says is how much there is now. */
function kindOf(data: MetricSignal['data']): MetricKind {
  if (data.type !== 'sum') return data.type;
  return data.isMonotonic ? 'counter' : 'gauge';
}
