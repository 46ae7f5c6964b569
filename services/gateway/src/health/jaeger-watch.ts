import type { MetricPoint } from '@tracepost/stores';
import { type CollectorFacts, TRACE_TOO_LARGE } from './ledger-rows.ts';
import { createSeriesTotals, type SeriesTotals } from './series-totals.ts';

type Bounds = Parameters<SeriesTotals['take']>[1];

export interface JaegerSigns {
  /** What it tells of spans; null where there is none. */
  readonly collector: CollectorFacts | null;
  /** Points of the ingest's counters, as far as they were read at this look. */
  readonly stored: readonly MetricPoint[];
  readonly refused: readonly MetricPoint[];
  readonly bounds: Bounds;
}

/** How many of the spans that the analyst has are not with Jaeger yet, as far as anybody has told. */
export interface JaegerWatch {
  look(signs: JaegerSigns): number;
}

/**
 * The collector hands each span to the analyst and to Jaeger, and either may be away alone. Whenever it tells that its queue for Jaeger is
 * empty, Jaeger has all that the analyst had by then; while something waits there, what has left the queue since is added. So what the
 * two ways count differently (a span sent twice, the last seconds of a collector that was killed) does not add up. Where spans are sampled, what
 * was kept takes the place of what the analyst has.
 */
export function createJaegerWatch(): JaegerWatch {
  const taken = createTaken();
  /** What the analyst had at which look, as long as the collector has told of nothing later. */
  const history: { readonly at: number; readonly taken: number }[] = [];
  /** What it had when the collector last told of its queue. */
  let takenThen = 0;
  let isFirst = true;
  let lastEmpty = { taken: 0, left: 0 };
  let lastEmptyOfKept = { taken: 0, left: 0 };

  return {
    look({ collector, stored, refused, bounds }) {
      taken.take(stored, refused, bounds);
      const isFirstLook = isFirst;
      isFirst = false;
      history.push({ at: bounds.until, taken: taken.count() });
      if (history.length > REMEMBERED) history.shift();
      const queue = collector?.jaegerQueue ?? null;
      if (collector === null || queue === null) return collector?.isSampling ? 0 : taken.count();

      if (isFirstLook) takenThen = countUntil(queue.toldAt, { stored, refused, bounds });
      for (let first = history[0]; first && first.at <= queue.toldAt; first = history[0]) {
        takenThen = Math.max(takenThen, first.taken);
        history.shift();
      }
      const left = collector.sentToJaeger + collector.lostToJaeger;
      if (collector.isSampling) {
        const kept = collector.kept ?? 0;
        if (queue.isEmpty) lastEmptyOfKept = { taken: kept, left };
        return Math.max(0, kept - (lastEmptyOfKept.taken + left - lastEmptyOfKept.left));
      }
      if (queue.isEmpty) lastEmpty = { taken: takenThen, left };
      const arrived = Math.min(takenThen, lastEmpty.taken + left - lastEmpty.left);
      return Math.max(0, taken.count() - arrived);
    },
  };
}

/** An hour of looks: a collector that is silent for longer says with its first word what waits. */
const REMEMBERED = 720;

/** At the first look there is no history yet, but all the points. */
function countUntil(at: number, { stored, refused, bounds }: Omit<JaegerSigns, 'collector'>): number {
  const then = createTaken();
  then.take(stored, refused, { ...bounds, until: Math.min(at, bounds.until) });
  return then.count();
}

/** The analyst's spans that Jaeger has to get, too: also those of which only the analyst has enough. */
function createTaken() {
  const stored = createSeriesTotals();
  const beyond = createSeriesTotals();
  return {
    take(storedPoints: readonly MetricPoint[], refusedPoints: readonly MetricPoint[], bounds: Bounds): void {
      stored.take(ofSpans(storedPoints), bounds);
      beyond.take(
        ofSpans(refusedPoints).filter(({ attributes }) => attributes['tracepost.reason'] === TRACE_TOO_LARGE),
        bounds,
      );
    },
    count: (): number => [...stored.all(), ...beyond.all()].reduce((sum, { grown }) => sum + grown, 0),
  };
}

function ofSpans(points: readonly MetricPoint[]): MetricPoint[] {
  return points.filter(({ attributes }) => attributes['tracepost.signal'] === 'spans');
}
