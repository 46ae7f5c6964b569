import type { Anomaly } from '@tracepost/contracts';
import { type Closeness, closeFailures, type Failure, spanCallsOf, spanMsOf } from './close-failures.ts';
import { robustThreshold, spreadOf } from './spread.ts';
import { evidenceOf, type Step } from './steps.ts';

const LEAST_ERRORS = 3;
const WITHIN_MS = 5 * 60_000;
const WITHIN_CALLS = 5;
const CLOSE: Closeness = { least: LEAST_ERRORS, withinCalls: WITHIN_CALLS, withinMs: WITHIN_MS };
const LEAST_STRETCHES = 3;
const MOST_EVIDENCE = 10;

/**
 * At least three errors within five minutes or within five consecutive calls (of models and tools, as they follow each other). Clusters that
 * share an error are one.
 */
export function errorClusters(sessionId: string, steps: readonly Step[]): readonly Anomaly[] {
  const calls = steps.filter((step) => step.kind !== 'message');
  const errors = calls.flatMap((step, at): Failure[] =>
    step.entry.status === 'failed' ? [{ step, at, atMs: endOf(step) }] : [],
  );
  const usual = usualErrors(calls);
  return closeFailures(errors, CLOSE).map((cluster) =>
    describe({ sessionId, cluster, calls: calls.length, errors: errors.length, usual }),
  );
}

/** Above what the stretches of five calls of this session usually hold; null: too few of them. */
function usualErrors(calls: readonly Step[]): number | null {
  const stretches: number[] = [];
  for (let at = 0; at + WITHIN_CALLS <= calls.length; at += WITHIN_CALLS) {
    stretches.push(
      calls.slice(at, at + WITHIN_CALLS).filter(({ kind, entry }) => kind !== 'message' && isFailed(entry)).length,
    );
  }
  const spread = spreadOf(stretches);
  return spread && spread.count >= LEAST_STRETCHES ? robustThreshold(spread) : null;
}

/** The most errors in five consecutive calls, to stand beside what five calls usually hold. */
function mostTogether(cluster: readonly Failure[]): number {
  let most = 0;
  let first = 0;
  for (const [last, { at }] of cluster.entries()) {
    while (at - (cluster[first] as Failure).at >= WITHIN_CALLS) first++;
    most = Math.max(most, last - first + 1);
  }
  return most;
}

function isFailed(entry: Step['entry']): boolean {
  return 'status' in entry && entry.status === 'failed';
}

interface Description {
  readonly sessionId: string;
  readonly cluster: readonly Failure[];
  readonly calls: number;
  readonly errors: number;
  readonly usual: number | null;
}

function describe({ sessionId, cluster, calls, errors, usual }: Description): Anomaly {
  const spanMs = spanMsOf(cluster);
  return {
    kind: 'error_cluster',
    value: cluster.length,
    threshold: LEAST_ERRORS,
    unit: 'errors',
    baseline: {
      sessionErrors: errors,
      sessionCalls: calls,
      sessionErrorRate: errors / calls,
      spanCalls: spanCallsOf(cluster),
      ...(spanMs === null ? {} : { spanMs }),
    },
    robust: usual === null ? null : { threshold: usual, agrees: mostTogether(cluster) > usual },
    evidence: cluster.slice(0, MOST_EVIDENCE).map(({ step }) => evidenceOf(sessionId, step)),
  };
}

function endOf({ kind, entry }: Step): number | null {
  return kind === 'tool' ? (entry.endedAtMs ?? entry.atMs) : entry.atMs;
}
