import { mergeDigests, type TraceDigest } from '@tracepost/stores';
import type { Digests } from './add-digests.ts';

interface Gathered {
  readonly digests: Map<string, TraceDigest>;
  nowMs: number;
  readonly written: Promise<void>;
}

/**
 * One write at a time; the batches that come meanwhile are merged and make up the next one. Pieces of a trace that arrive side by side, from
 * several programs, would otherwise write the same row at once, and one of them in vain. How many wait is bounded by whoever sends.
 */
export function gatherDigests(
  write: (digests: Digests, nowMs: number) => Promise<void>,
): (digests: Digests, nowMs: number) => Promise<void> {
  let writing: Promise<unknown> = Promise.resolve();
  let waiting: Gathered | null = null;

  const begin = (digests: Digests, nowMs: number): Gathered => {
    const gathered: Gathered = {
      digests: new Map(digests),
      nowMs,
      written: writing.then(() => {
        waiting = null;
        return write(gathered.digests, gathered.nowMs);
      }),
    };
    writing = gathered.written.catch(() => undefined);
    return gathered;
  };

  return (digests, nowMs) => {
    if (waiting === null) {
      waiting = begin(digests, nowMs);
      return waiting.written;
    }
    for (const [traceId, digest] of digests) {
      const known = waiting.digests.get(traceId);
      waiting.digests.set(traceId, known ? mergeDigests(known, digest) : digest);
    }
    waiting.nowMs = Math.max(waiting.nowMs, nowMs);
    return waiting.written;
  };
}
