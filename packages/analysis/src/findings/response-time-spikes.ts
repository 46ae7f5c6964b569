import type { Anomaly, SessionDocument, SessionModelCall } from '@tracepost/contracts';
import { callEvidence } from '../sessions/evidence.ts';
import { responseMs } from '../sessions/times.ts';
import { robustThreshold, sigmaThreshold, spreadOf } from './spread.ts';

/** Every call of a model that took longer than the mean of the session's and three population standard deviations. */
export function responseTimeSpikes(document: SessionDocument): readonly Anomaly[] {
  const timed: { readonly call: SessionModelCall; readonly value: number }[] = [];
  for (const call of document.calls) {
    const value = responseMs(call);
    if (value !== null) timed.push({ call, value });
  }
  const spread = spreadOf(timed.map(({ value }) => value));
  if (!spread) return [];
  const threshold = sigmaThreshold(spread);
  const robust = spread.mad > 0 ? robustThreshold(spread) : null;
  const baseline = {
    calls: spread.count,
    meanMs: spread.mean,
    standardDeviationMs: spread.standardDeviation,
    medianMs: spread.median,
    madMs: spread.mad,
    // More than are flagged here: one very slow call hides others from mean and deviation.
    ...(robust === null ? {} : { beyondRobustThreshold: timed.filter(({ value }) => value > robust).length }),
  };
  return timed
    .filter(({ value }) => value > threshold)
    .map(({ call, value }) => ({
      kind: 'response_time_spike',
      value,
      threshold,
      unit: 'ms',
      baseline,
      robust: robust === null ? null : { threshold: robust, agrees: value > robust },
      evidence: [callEvidence(document, call)],
    }));
}
