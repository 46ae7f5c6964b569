import type { SpanSignal } from '@tracepost/contracts';
import { compareSpans } from '@tracepost/stores';
import type { SpanTaker } from './read-spans.ts';

export interface FirstSpans extends SpanTaker {
  /** The first so many of all that were added, in order. */
  list(): SpanSignal[];
}

interface Kept {
  readonly span: SpanSignal;
  readonly bytes: number;
}

/** What the ingest says of a span that it had to cut. */
const TRUNCATED = 'tracepost.truncated';

/**
 * Keeps the first of many spans that come in any order, in bounded memory: `most` of them, of which those past `maxBytes` lose what makes
 * them large, and say so: where they stand in the trace is known still. A span that came twice is there once: Badger keeps it once,
 * Jaeger's memory does not.
 */
export function createFirstSpans({ most, maxBytes }: { readonly most: number; readonly maxBytes: number }): FirstSpans {
  let kept: Kept[] = [];
  let heldBytes = 0;
  /** With `most` of them there, nothing after this one can be among the first. */
  let last: SpanSignal | null = null;
  /** The first that is past `maxBytes`: so is whoever comes after it. */
  let firstBare: SpanSignal | null = null;

  const settle = (): void => {
    const bySpan = new Map(kept.map((one) => [`${one.span.spanId} ${one.span.startTimeUnixNano}`, one]));
    kept = [...bySpan.values()].sort((a, b) => compareSpans(a.span, b.span)).slice(0, most);
    last = kept.length === most ? (kept.at(-1)?.span ?? null) : null;
    // By the sizes as they came: whoever is past the limit now is so with every span that is still to come.
    let reached = 0;
    heldBytes = 0;
    firstBare = null;
    kept = kept.map(({ span, bytes }) => {
      reached += bytes;
      if (reached > maxBytes) {
        firstBare ??= span;
        return { span: bare(span), bytes };
      }
      heldBytes = reached;
      return { span, bytes };
    });
  };

  return {
    isWanted: (startTimeUnixNano) => last === null || startTimeUnixNano <= last.startTimeUnixNano,
    add(span, bytes) {
      if (last !== null && compareSpans(span, last) > 0) return;
      if (firstBare !== null && compareSpans(span, firstBare) > 0) kept.push({ span: bare(span), bytes });
      else {
        kept.push({ span, bytes });
        heldBytes += bytes;
      }
      // Not with each one: to sort is dear, and a quarter more is little.
      if (kept.length > 2 * most || heldBytes > 1.25 * maxBytes) settle();
    },
    list() {
      settle();
      return kept.map(({ span }) => span);
    },
  };
}

function bare(span: SpanSignal): SpanSignal {
  return { ...span, attributes: { [TRUNCATED]: true }, events: [], links: [] };
}
