import type { SignalBatch, SignalSink } from '@tracepost/contracts';
import type { SendOutcome } from './batch-queue.ts';
import type { Destination } from './destination.ts';
import { type OriginOf, toLogSignal, toMetricSignals, toSpanSignal } from './embedded-signals.ts';

const NOTHING: SignalBatch = { spans: [], logs: [], metrics: [] };

/** Hands signals to the sink of this very process; until there is one, everything waits. */
export function createEmbeddedDestination(originOf: OriginOf): Destination & { attach(sink: SignalSink): void } {
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
    sendSpans: (spans) => hand({ spans: spans.map((span) => toSpanSignal(span, originOf)) }),
    sendLogs: (logs) => hand({ logs: logs.map((record) => toLogSignal(record, originOf)) }),
    sendMetrics: (exports) => hand({ metrics: exports.flatMap((metrics) => toMetricSignals(metrics, originOf)) }),
    close: () => {
      sink = null;
    },
  };
}
