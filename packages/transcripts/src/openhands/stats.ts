import type { ReportedTotals } from '@tracepost/contracts';
import { sumUsd } from '@tracepost/pricing';
import { sumOfUsages } from '../building/rest-of-totals.ts';
import { reportedUsage } from '../building/usage.ts';
import { type Fields, fieldsOf, idOf, isFields, listOf, textOf, timeOf } from '../building/values.ts';
import { providerOf } from '../chat/litellm-model.ts';
import { reportedUsd, usdText } from '../chat/usd-text.ts';
import type { CallEntry } from '../entries/session-entries.ts';
import type { LeaveOut } from '../format-reader.ts';

export interface Stats {
  readonly calls: readonly CallEntry[];
  readonly totals: ReportedTotals | null;
}

/**
 * What the program counted of its calls: the metrics of one model, or those of each thing that models are used for
 * (`usage_to_metrics`). Tokens and costs that cannot be are left out; throws `RangeError` for ids and times that cannot be.
 */
export function statsOf(value: unknown, leaveOut: LeaveOut): Stats {
  const fields = fieldsOf(value);
  // At first by what the models were used for, under another name.
  const byUse = fields.usage_to_metrics ?? fields.service_to_metrics;
  const metrics = isFields(byUse) ? Object.values(byUse) : [fields];
  const parts = metrics.map((one) => metricsOf(fieldsOf(one), leaveOut));
  return { calls: parts.flatMap((part) => part.calls), totals: joined(parts.map((part) => part.totals)) };
}

function metricsOf(metrics: Fields, leaveOut: LeaveOut): Stats {
  const usages = listOf(metrics.token_usages).map(fieldsOf);
  const costs = listOf(metrics.costs).map(fieldsOf);
  const latencies = new Map(
    listOf(metrics.response_latencies)
      .map(fieldsOf)
      .map((one) => [one.response_id, one.latency]),
  );
  // Costs have no ids; they are written together with the usage of the same call, unless a call had no price.
  const isSameOrder = costs.length === usages.length;
  const calls = usages.flatMap((usage, index) => {
    const cost = isSameOrder ? costs[index] : undefined;
    const latency = latencies.get(usage.response_id);
    return callOf(usage, { cost, latency, model: textOf(metrics.model_name) }, leaveOut);
  });
  return { calls, totals: totalsOf(metrics, leaveOut) };
}

interface Beside {
  readonly cost: Fields | undefined;
  readonly latency: unknown;
  readonly model: string | null;
}

/** What is told of a call here is what it took: where that cannot be, it is nothing. */
function callOf(usage: Fields, { cost, latency, model: named }: Beside, leaveOut: LeaveOut): CallEntry[] {
  const callId = idOf(usage.response_id);
  if (callId === null) return [];
  const model = textOf(usage.model) ?? named;
  const provider = providerOf(model);
  const reported = reportedUsage(provider, usage, leaveOut);
  if (reported.usage === null) return [];
  const atMs = timeOf(cost?.timestamp);
  const latencyMs = typeof latency === 'number' && latency >= 0 ? Math.round(latency * 1000) : null;
  const window = usage.context_window;
  return [
    {
      callId,
      sequence: 0,
      atMs,
      askedAtMs: atMs !== null && latencyMs !== null ? atMs - latencyMs : null,
      model,
      provider,
      reportedCostUsd: reportedUsd(cost?.cost, leaveOut),
      contextWindow: typeof window === 'number' && window > 0 ? window : null,
      ...reported,
    },
  ];
}

function totalsOf(metrics: Fields, leaveOut: LeaveOut): ReportedTotals | null {
  const model = textOf(metrics.model_name);
  const { usage } = reportedUsage(providerOf(model), metrics.accumulated_token_usage, leaveOut);
  const costUsd = reportedUsd(metrics.accumulated_cost, leaveOut);
  const hasUsage = usage !== null && usage.input + usage.output > 0;
  return hasUsage || costUsd !== null ? { modelCalls: null, usage: hasUsage ? usage : null, costUsd } : null;
}

function joined(all: readonly (ReportedTotals | null)[]): ReportedTotals | null {
  const known = all.filter((one) => one !== null);
  if (known.length <= 1) return known[0] ?? null;
  const usages = known.flatMap((one) => (one.usage === null ? [] : [one.usage]));
  const usage = usages.length > 0 ? usages.reduce(sumOfUsages) : null;
  const costs = known.flatMap((one) => (one.costUsd === null ? [] : [Number(one.costUsd)]));
  return { modelCalls: null, usage, costUsd: costs.length > 0 ? usdText(sumUsd(costs)) : null };
}
