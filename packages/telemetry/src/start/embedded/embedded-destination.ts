import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { SignalBatch, SignalSink } from '@tracepost/contracts';
import type { Destination } from '../destination.ts';
import { createListFilling, type Filling, type SendOutcome } from '../filling.ts';
import { countPoints } from '../processors.ts';
import type { SignalLedger } from '../signal-ledger.ts';
import { type OriginOf, toLogSignal, toMetricSignals, toSpanSignal } from './to-signals.ts';

export interface EmbeddedDestination extends Destination {
  attach(sink: SignalSink): void;
}

const NOTHING: SignalBatch = { spans: [], logs: [], metrics: [] };

/** Hands signals to the sink of this very process; until there is one, everything waits. */
export function createEmbeddedDestination(
  originOf: OriginOf,
  itemsPerBatch: number,
  ledger: SignalLedger,
): EmbeddedDestination {
  let sink: SignalSink | null = null;

  const hand = async (batch: Partial<SignalBatch>): Promise<SendOutcome> => {
    if (!sink) return { status: 'later', reason: 'no_sink', retryAfterMs: 60_000 };
    const answer = await sink.accept({ ...NOTHING, ...batch });
    // What the sink refuses it counts itself: here it would be counted twice.
    return answer.status === 'taken' ? { status: 'taken', refused: [] } : answer;
  };

  return {
    attach: (given) => {
      sink = given;
    },
    spans: createListFilling(itemsPerBatch, (spans) =>
      hand({ spans: spans.map((span) => toSpanSignal(span, originOf)) }),
    ),
    logs: createListFilling(itemsPerBatch, (logs) => hand({ logs: logs.map((log) => toLogSignal(log, originOf)) })),
    metrics: createMetricFilling(originOf, ledger, hand),
    close: () => {
      sink = null;
    },
  };
}

function createMetricFilling(
  originOf: OriginOf,
  ledger: SignalLedger,
  hand: (batch: Partial<SignalBatch>) => Promise<SendOutcome>,
): Filling<ResourceMetrics> {
  let metrics: SignalBatch['metrics'] = [];
  return {
    get count() {
      return metrics.length;
    },
    get isFull() {
      return metrics.length > 0;
    },
    add: (collected) => {
      metrics = toMetricSignals(collected, originOf);
      ledger.count('metrics', 'exponential_histogram_not_supported', countPoints(collected) - metrics.length);
      return null;
    },
    seal: () => {
      const sealed = metrics;
      metrics = [];
      return { count: sealed.length, send: () => hand({ metrics: sealed }) };
    },
  };
}
