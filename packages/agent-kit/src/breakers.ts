import type { Telemetry } from '@tracepost/telemetry';
import { type Breaker, type BreakerState, createBreaker } from './breaker.ts';

/** A breaker for each dependency, that is each host and port; they remember from task to task. */
export interface Breakers {
  of(dependency: string): Breaker;
  /** Its host, or `_OTHER` for one past the limit of series. */
  seriesOf(dependency: string): string;
  close(): void;
}

/** Hosts can be without number when users name them. */
const MAX_DEPENDENCIES = 200;
/** The first ones are told by the gauge, whatever becomes of them: each name is a series for ever. */
const MAX_SERIES = 50;

export function createBreakers(telemetry: Telemetry): Breakers {
  const known = new Map<string, Breaker>();
  const named = new Set<string>();
  const stopObserving = telemetry.metrics.observe('tracepost.dependency.up', () =>
    [...known]
      .filter(([dependency]) => named.has(dependency))
      .map(([dependency, { state }]) => ({
        value: state === 'closed' ? 1 : 0,
        attributes: { 'tracepost.dependency': dependency },
      })),
  );
  return {
    of(dependency) {
      const found = known.get(dependency);
      if (found) return found;
      if (known.size >= MAX_DEPENDENCIES) forgetOne(known);
      const breaker = createBreaker(dependency, (state, pauseMs) => tell(telemetry, dependency, state, pauseMs));
      known.set(dependency, breaker);
      if (named.size < MAX_SERIES) named.add(dependency);
      return breaker;
    },
    seriesOf(dependency) {
      return named.has(dependency) ? new URL(`http://${dependency}`).hostname : '_OTHER';
    },
    close: stopObserving,
  };
}

/** One that is closed has nothing to remember that a few calls would not tell again. */
function forgetOne(known: Map<string, Breaker>): void {
  const [oldest] = known.keys();
  const closed = [...known].find(([, { state }]) => state === 'closed')?.[0];
  known.delete(closed ?? oldest ?? '');
}

const SENTENCES: Readonly<Record<BreakerState, string>> = {
  open: 'a dependency fails: it is not called for a while',
  half_open: 'a dependency is tried again',
  closed: 'a dependency answers again',
};

function tell({ logger }: Telemetry, dependency: string, state: BreakerState, pauseMs: number): void {
  logger[state === 'open' ? 'error' : 'info'](
    {
      layer: 'tool',
      phase: 'hop',
      hopName: 'breaker',
      hopResult: state,
      result: state === 'open' ? 'error' : 'success',
      dependency,
      ...(state === 'open' ? { pauseMs } : {}),
    },
    SENTENCES[state],
  );
}
