import type { Recommendation, SessionToolCall } from '@tracepost/contracts';
import { toolEvidence } from '../../sessions/evidence.ts';
import { processingMs, queueMs } from '../../sessions/times.ts';
import type { Facts } from './input.ts';

const LEAST_CALLS = 3;
const MOST_EVIDENCE = 10;

interface Timed {
  readonly tool: SessionToolCall;
  readonly waitedMs: number;
  readonly workedMs: number;
}

/** Tools that waited longer to begin than they then worked, over the calls of which both is known. */
export function longQueue({ document }: Facts): readonly Recommendation[] {
  const timed: Timed[] = [];
  for (const tool of document.tools) {
    const waitedMs = queueMs(tool);
    const workedMs = waitedMs === null ? null : processingMs(tool);
    if (waitedMs !== null && workedMs !== null) timed.push({ tool, waitedMs, workedMs });
  }
  const waitedMs = timed.reduce((sum, each) => sum + each.waitedMs, 0);
  const workedMs = timed.reduce((sum, each) => sum + each.workedMs, 0);
  if (timed.length < LEAST_CALLS || waitedMs <= workedMs) return [];
  const longest = timed.toSorted((a, b) => b.waitedMs - a.waitedMs).slice(0, MOST_EVIDENCE);
  return [
    {
      kind: 'queue_wait',
      title: 'Tools waited longer than they worked',
      advice: 'Give the workers behind this queue more capacity, or ask for fewer tools at once.',
      saves: { usd: null, ms: waitedMs, calls: null },
      severity: 'warning',
      evidence: longest.map(({ tool }) => toolEvidence(document, tool)),
      figures: { calls: timed.length, waitedMs, workedMs },
    },
  ];
}
