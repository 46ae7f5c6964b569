import { createHash } from 'node:crypto';
import type { LogSignal, MetricSignal, Origin, SignalBatch, SpanSignal } from '@tracepost/contracts';
import { DISTRO, OUR_DISTRO } from '@tracepost/telemetry';
import { Recent } from './recent.ts';

/** Made by a process of the house: it stands in the ledger of what was produced. */
export function isOurs({ resource }: Origin): boolean {
  return resource[DISTRO] === OUR_DISTRO;
}

/**
 * Knows the signals of our own processes that were taken already. Whoever sends and gets no answer sends again, and so does a collector
 * whose answer was lost: stored twice it changes nothing, but counted twice it would hide as much that was lost. Each of our signals has
 * an identity of its own: a span its ids, a log line its process and time, a point its series and time.
 */
export interface SeenBefore {
  /** What of the batch is new. Others' signals are not looked at, and are new always. */
  unseen(batch: SignalBatch): SignalBatch;
  /** To be called once they are taken, and not before: what is told `later` comes again and must not be known then. */
  remember(batch: SignalBatch): void;
}

/** Two generations of so many: minutes of a busy installation, in some tens of megabytes. */
const PER_GENERATION = 200_000;

export function createSeenBefore({ perGeneration = PER_GENERATION } = {}): SeenBefore {
  const seen = new Recent<true>(perGeneration);
  const isNew = (key: string | null): boolean => key === null || seen.get(key) === undefined;
  const add = (key: string | null): void => {
    if (key !== null) seen.set(key, true);
  };
  return {
    unseen({ spans, logs, metrics }) {
      return {
        spans: keepNew(spans, spanKey, isNew),
        logs: keepNew(logs, logKey, isNew),
        metrics: keepNew(metrics, metricKey, isNew),
      };
    },
    remember({ spans, logs, metrics }) {
      for (const span of spans) add(spanKey(span));
      for (const log of logs) add(logKey(log));
      for (const metric of metrics) add(metricKey(metric));
    },
  };
}

/** Once in a batch too: a collector makes one batch of what it was sent twice. */
function keepNew<T>(
  signals: readonly T[],
  keyOf: (signal: T) => string | null,
  isNew: (key: string | null) => boolean,
): readonly T[] {
  const inBatch = new Set<string>();
  const kept = signals.filter((signal) => {
    const key = keyOf(signal);
    if (!isNew(key) || (key !== null && inBatch.has(key))) return false;
    if (key !== null) inBatch.add(key);
    return true;
  });
  return kept.length === signals.length ? signals : kept;
}

function spanKey({ origin, traceId, spanId }: SpanSignal): string | null {
  return isOurs(origin) ? traceId + spanId : null;
}

function logKey({ origin, timeUnixNano }: LogSignal): string | null {
  return isOurs(origin) ? `${processOf(origin)} ${timeUnixNano}` : null;
}

/** Attributes come in the order in which the program gave them, and a second sending is the same bytes. */
function metricKey({ origin, name, attributes, timeUnixNano }: MetricSignal): string | null {
  if (!isOurs(origin)) return null;
  return shorten(`${processOf(origin)} ${origin.scopeName} ${name} ${timeUnixNano} ${JSON.stringify(attributes)}`);
}

function processOf({ service, resource }: Origin): string {
  return `${service} ${resource['service.instance.id']}`;
}

function shorten(text: string): string {
  return createHash('md5').update(text).digest('base64');
}
