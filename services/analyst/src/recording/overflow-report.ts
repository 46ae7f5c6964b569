import type { SeriesOverflow } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';

const EVERY_MS = 60_000;
/** Each name is a series of the count itself. */
const MOST_NAMES = 50;

/** Counts values that got no series of their own, and says once a minute at most whose attribute it is: that is what somebody has to mend. */
export function createOverflowReport({
  metrics,
  logger,
}: Pick<Telemetry, 'metrics' | 'logger'>): (overflowed: readonly SeriesOverflow[]) => void {
  const named = new Set<string>();
  let toldAtMs = Number.NEGATIVE_INFINITY;
  return (overflowed) => {
    for (const { name, count } of overflowed) {
      if (named.size < MOST_NAMES) named.add(name);
      const attributes = { 'tracepost.metric': named.has(name) ? name : '_OTHER', 'tracepost.outcome': 'merged' };
      metrics.add('tracepost.series.overflow', count, attributes);
    }
    const [most] = overflowed.toSorted((a, b) => b.count - a.count);
    if (!most || Date.now() - toldAtMs < EVERY_MS) return;
    toldAtMs = Date.now();
    const { name, attribute, count } = most;
    const why = attribute === null ? 'there are too many metrics' : `its attribute ${attribute} has too many values`;
    logger.warn(
      {
        layer: 'ingest',
        result: 'partial',
        hopName: 'series-cap',
        hopResult: 'overflow',
        metric: name,
        attribute,
        count,
      },
      `The recorded metric ${name} has more series than are kept: ${why}; further ones are counted together, in one with otel.metric.overflow`,
    );
  };
}
