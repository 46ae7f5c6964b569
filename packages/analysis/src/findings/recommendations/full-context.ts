import type { Recommendation } from '@tracepost/contracts';
import { callEvidence } from '../../sessions/evidence.ts';
import { lastRead } from '../../sessions/last-read.ts';
import { linesOf } from '../../sessions/lines.ts';
import type { Facts } from './input.ts';

const NEARLY_FULL = 0.8;

/** The last call of the main agent filled more than four fifths of its model's window: what comes next is cut or refused. */
export function fullContext({ document, analysis }: Facts): readonly Recommendation[] {
  const { contextUse } = analysis.totals;
  if (contextUse === null || contextUse <= NEARLY_FULL) return [];
  const last = lastRead(linesOf(document), new Map(analysis.estimates.map(({ callId, usage }) => [callId, usage])));
  if (last === null) return [];
  return [
    {
      kind: 'context_nearly_full',
      title: `The last call filled ${Math.round(100 * contextUse)} % of the model's window`,
      advice:
        'Sum up older turns, leave long tool results out, or begin a new session before the provider cuts the conversation.',
      saves: { usd: null, ms: null, calls: null },
      severity: 'info',
      evidence: [callEvidence(document, last.call)],
      figures: { contextUse, threshold: NEARLY_FULL },
    },
  ];
}
