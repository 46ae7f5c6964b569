import type { Evidence } from '@tracepost/contracts';
import { Best } from './best.ts';

const MOST_EVIDENCE = 10;

/** The newest few of what many sessions point at. */
export function newestEvidence(): Best<Evidence> {
  return new Best<Evidence>(MOST_EVIDENCE, byNewest);
}

/** The same few of what several lists point at, each once. */
export function newestOf(evidence: readonly Evidence[]): readonly Evidence[] {
  const newest = newestEvidence();
  const once = new Map(evidence.map((each) => [JSON.stringify([each.sessionId, each.kind, each.id]), each]));
  for (const each of once.values()) newest.add(each);
  return newest.items();
}

function byNewest(a: Evidence, b: Evidence): number {
  const byTime = (b.atMs ?? Number.NEGATIVE_INFINITY) - (a.atMs ?? Number.NEGATIVE_INFINITY);
  // Both without a time: their difference is no number.
  return byTime || compare(a.sessionId, b.sessionId) || compare(a.id, b.id);
}

export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
