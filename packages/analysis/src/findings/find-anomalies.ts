import type { Anomaly, SessionDocument, TokenUsage } from '@tracepost/contracts';
import { errorClusters } from './error-clusters.ts';
import { responseTimeSpikes } from './response-time-spikes.ts';
import { type Step, stepsOf } from './steps.ts';
import { tokenSpike } from './token-spike.ts';

export interface KnownOfSession {
  /** Those of the document, where somebody has them already. */
  readonly steps?: readonly Step[];
  /** By call id, for calls without usage of their own; absent: such calls count nothing. */
  readonly estimates?: ReadonlyMap<string, TokenUsage>;
}

/**
 * What is out of the ordinary for this session, each with the figures that it was compared with. Beside each threshold stands the one by
 * median and MAD, which a few extreme values do not move, and whether it says the same.
 */
export function findAnomalies(
  document: SessionDocument,
  { steps = stepsOf(document), estimates }: KnownOfSession = {},
): readonly Anomaly[] {
  return [
    ...responseTimeSpikes(document),
    ...errorClusters(document.sessionId, steps),
    ...tokenSpike(document, estimates),
  ];
}
