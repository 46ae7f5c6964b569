import type { SpanSignal } from '@tracepost/contracts';
import type { Refusals } from '@tracepost/otlp-receiver';
import { ATTR } from '@tracepost/telemetry';
import { createSpanMemory } from './span-memory.ts';

export interface TraceCap {
  /**
   * The spans whose traces have room for them, and those that are there already; the others are refused. Where the room depends on what becomes
   * of spans that are under way, those are waited for. Whatever happens, `release` has to follow.
   */
  admit(spans: readonly SpanSignal[], refused: Refusals): Promise<readonly SpanSignal[]>;
  /** To be called once they are stored: what is told `later` comes again. */
  remember(spans: readonly SpanSignal[]): void;
  /** They are under way no longer, stored or not. */
  release(spans: readonly SpanSignal[]): void;
}

export interface TraceCapOptions {
  /** Of one trace, over all batches. */
  readonly maxSpans: number;
  /** Traces in one generation: of twice as many it is known how long they are. */
  readonly perGeneration?: number;
  /** Spans in one generation: of as many it is known that they came already, at least. */
  readonly spansPerGeneration?: number;
}

/** Some minutes of a busy installation, in some ten megabytes. */
const PER_GENERATION = 50_000;

/**
 * Holds one trace to so many spans: a program in a loop would fill the disk with one that nobody can look at. Each tenant's spans of a trace
 * count by themselves, so that nobody can use up another's by its trace id. One that comes again takes no room a second time. A trace that
 * nobody adds to for long is forgotten and may grow again: that costs what the cap is, once more.
 */
export function createTraceCap({
  maxSpans,
  perGeneration = PER_GENERATION,
  spansPerGeneration,
}: TraceCapOptions): TraceCap {
  const known = createSpanMemory(spansPerGeneration === undefined ? {} : { perGeneration: spansPerGeneration });
  let newer = new Map<string, number>();
  let older = new Map<string, number>();
  const stored = (key: string): number => newer.get(key) ?? older.get(key) ?? 0;
  const set = (key: string, count: number): void => {
    newer.set(key, count);
    if (newer.size < perGeneration) return;
    older = newer;
    newer = new Map();
  };

  const underWay = new Map<string, UnderWay>();
  const isTight = (key: string, count: number): boolean =>
    stored(key) + (underWay.get(key)?.count ?? 0) + count > maxSpans;

  return {
    async admit(spans, refused) {
      const coming = countByTrace(spans);
      for (;;) {
        const waited = Array.from(coming).flatMap(([key, count]) =>
          isTight(key, count) ? (underWay.get(key) ?? []) : [],
        );
        if (waited.length === 0) break;
        await Promise.all(waited.map(({ ended }) => ended.promise));
      }
      const kept = keep(spans, coming, refused);
      for (const [key, count] of countByTrace(kept)) {
        const trace = underWay.get(key) ?? { count: 0, ended: Promise.withResolvers<void>() };
        trace.count += count;
        underWay.set(key, trace);
      }
      return kept;
    },
    remember(spans) {
      for (const span of spans) {
        const key = keyOf(span);
        set(key, stored(key) + (known.add(key, span.spanId) ? 1 : 0));
      }
    },
    release(spans) {
      for (const [key, count] of countByTrace(spans)) {
        const trace = underWay.get(key);
        if (!trace) continue;
        trace.count -= count;
        if (trace.count > 0) continue;
        underWay.delete(key);
        trace.ended.resolve();
      }
    },
  };

  function keep(
    spans: readonly SpanSignal[],
    coming: ReadonlyMap<string, number>,
    refused: Refusals,
  ): readonly SpanSignal[] {
    // Which of them are new is asked only where it matters.
    const tight = new Map<string, { count: number; readonly ids: Set<string> }>();
    for (const [key, count] of coming)
      if (stored(key) + count > maxSpans) tight.set(key, { count: stored(key), ids: new Set() });
    if (tight.size === 0) return spans;

    const kept = spans.filter((span) => {
      const key = keyOf(span);
      const trace = tight.get(key);
      if (!trace || trace.ids.has(span.spanId) || known.has(key, span.spanId)) return true;
      if (trace.count >= maxSpans) return false;
      trace.count += 1;
      trace.ids.add(span.spanId);
      return true;
    });
    // They are at it still: forgotten, they would begin anew.
    for (const key of tight.keys()) if (stored(key) >= maxSpans) set(key, stored(key));
    refused.add('spans', 'trace_too_large', spans.length - kept.length);
    return kept;
  }
}

interface UnderWay {
  count: number;
  readonly ended: PromiseWithResolvers<void>;
}

function countByTrace(spans: readonly SpanSignal[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const span of spans) counts.set(keyOf(span), (counts.get(keyOf(span)) ?? 0) + 1);
  return counts;
}

function keyOf({ traceId, attributes }: SpanSignal): string {
  const tenant = attributes[ATTR.tenantId];
  return typeof tenant === 'string' ? `${traceId} ${tenant}` : traceId;
}
