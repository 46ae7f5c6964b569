import type { Recommendation, SessionModelCall } from '@tracepost/contracts';
import { callEvidence } from '../../sessions/evidence.ts';
import { cheaperModel, namesOfCheaper } from './cheaper-model.ts';
import { type Facts, roundUsd } from './input.ts';

/** Tokens of an answer, thoughts included. */
export const SHORT_ANSWER = 200;
const LEAST_CALLS = 5;
const LEAST_SHARE = 0.5;
const LEAST_SAVED_SHARE = 0.1;
const MOST_EVIDENCE = 10;

/** A model most of whose answers are short, and for which the same provider has a cheaper one: what those calls would have cost on it. */
export function expensiveModel({
  document,
  priceOf,
  costOf,
  cheaperModelOf = cheaperModel,
}: Facts): readonly Recommendation[] {
  if (!priceOf) return [];
  const byModel = Map.groupBy(
    document.calls.filter(({ usage, status, model }) => usage !== null && status === 'ok' && model !== null),
    ({ model }) => model as string,
  );
  return [...byModel].flatMap(([model, calls]): Recommendation[] => {
    const cheaper = cheaperModelOf(model);
    const short = calls.filter(({ usage }) => (usage?.output ?? 0) <= SHORT_ANSWER);
    if (cheaper === null || short.length < LEAST_CALLS || short.length / calls.length < LEAST_SHARE) return [];
    const both = short.flatMap((call) => costsOn(call, cheaper, { priceOf, costOf }));
    const paid = both.reduce((sum, { paidUsd }) => sum + paidUsd, 0);
    const instead = both.reduce((sum, { insteadUsd }) => sum + insteadUsd, 0);
    const savedUsd = roundUsd(paid - instead);
    if (both.length === 0 || savedUsd <= LEAST_SAVED_SHARE * paid) return [];
    const dearest = both.toSorted((a, b) => b.paidUsd - a.paidUsd).slice(0, MOST_EVIDENCE);
    return [
      {
        kind: 'expensive_model',
        subject: model,
        title: `${short.length} of ${calls.length} answers of ${model} have at most ${SHORT_ANSWER} tokens`,
        advice: `Try ${cheaper} for them: the same tokens would have cost ${usdText(instead)} instead of ${usdText(paid)}. Whether its answers are as good, only a trial tells.`,
        saves: { usd: savedUsd, ms: null, calls: null },
        severity: 'info',
        evidence: dearest.map(({ call }) => callEvidence(document, call)),
        figures: {
          calls: calls.length,
          shortAnswers: short.length,
          comparedCalls: both.length,
          paidUsd: roundUsd(paid),
          cheaperUsd: roundUsd(instead),
        },
      },
    ];
  });
}

function costsOn(
  call: SessionModelCall,
  cheaper: string,
  { priceOf, costOf }: Pick<Facts, 'costOf'> & { readonly priceOf: NonNullable<Facts['priceOf']> },
): readonly { readonly call: SessionModelCall; readonly paidUsd: number; readonly insteadUsd: number }[] {
  // What the call itself cost is known, unless attempts on other models are in it.
  const known = call.besides.length === 0 ? costOf.get(call.callId) : undefined;
  const { totalUsd: paidUsd } = known ?? priceOf({ ...call, besides: [] });
  if (paidUsd === null) return [];
  for (const model of namesOfCheaper(cheaper, call.model ?? '')) {
    const insteadUsd = priceOf({ ...call, besides: [], model, reportedCostUsd: null }).totalUsd;
    if (insteadUsd !== null) return [{ call, paidUsd, insteadUsd }];
  }
  return [];
}

function usdText(usd: number): string {
  return `${usd.toFixed(usd < 0.01 ? 6 : 2)} USD`;
}
