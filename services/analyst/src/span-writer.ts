import type { SinkAnswer, SpanSignal } from '@tracepost/contracts';
import type { TraceSummaryStore, TraceWriter } from '@tracepost/stores';

export interface SpanStores {
  /** None where another keeps the traces. */
  readonly traces: TraceWriter | null;
  /** What traces are found by, in both ways of running; none: they cannot be searched. */
  readonly traceSummaries: Pick<TraceSummaryStore, 'addSpans'> | null;
}

/** Spans and what their traces are found by, side by side; when one of the two stores cannot take its part, the whole comes again. */
export function spanWriter(
  { traces, traceSummaries }: SpanStores,
  now: () => number,
): (spans: readonly SpanSignal[]) => Promise<SinkAnswer> {
  return async (spans) => {
    const answers = await Promise.all([traces?.writeSpans(spans), traceSummaries?.addSpans(spans, now())]);
    const later = answers.find((answer) => answer?.status === 'later');
    if (later) return later;
    return {
      status: 'taken',
      refused: answers.flatMap((answer) => (answer?.status === 'taken' ? answer.refused : [])),
    };
  };
}
