import type { SpanSignal } from '@tracepost/contracts';
import type { Refusals } from '@tracepost/otlp-receiver';
import { ATTR } from '@tracepost/telemetry';

export interface TraceCap {
  /** The spans whose traces have room for them; the others are refused. Notes nothing: what is told `later` comes again. */
  admit(spans: readonly SpanSignal[], refused: Refusals): readonly SpanSignal[];
  /** To be called once they are stored. */
  remember(spans: readonly SpanSignal[]): void;
}

export interface TraceCapOptions {
  /** Of one trace, over all batches. */
  readonly maxSpans: number;
  /** Traces in one generation: of twice as many it is known how long they are. */
  readonly perGeneration?: number;
}

/** Some minutes of a busy installation, in some ten megabytes. */
const PER_GENERATION = 50_000;

/**
 * Holds one trace to so many spans: a program in a loop would fill the disk with one that nobody can look at. Each tenant's spans of a trace
 * count by themselves, so that nobody can use up another's by its trace id. A trace that nobody adds to for long is forgotten and may
 * grow again: that costs what the cap is, once more.
 */
export function createTraceCap({ maxSpans, perGeneration = PER_GENERATION }: TraceCapOptions): TraceCap {
  let newer = new Map<string, number>();
  let older = new Map<string, number>();
  const stored = (key: string): number => newer.get(key) ?? older.get(key) ?? 0;
  const set = (key: string, count: number): void => {
    newer.set(key, count);
    if (newer.size < perGeneration) return;
    older = newer;
    newer = new Map();
  };

  return {
    admit(spans, refused) {
      const inBatch = new Map<string, number>();
      const kept = spans.filter((span) => {
        const key = keyOf(span);
        const count = (inBatch.get(key) ?? stored(key)) + 1;
        if (count <= maxSpans) inBatch.set(key, count);
        // It is at it still: forgotten, it would begin anew.
        else if (stored(key) >= maxSpans) set(key, stored(key));
        return count <= maxSpans;
      });
      if (kept.length === spans.length) return spans;
      refused.add('spans', 'trace_too_large', spans.length - kept.length);
      return kept;
    },
    remember(spans) {
      for (const span of spans) {
        const key = keyOf(span);
        set(key, stored(key) + 1);
      }
    },
  };
}

function keyOf({ traceId, attributes }: SpanSignal): string {
  const tenant = attributes[ATTR.tenantId];
  return typeof tenant === 'string' ? `${traceId} ${tenant}` : traceId;
}
