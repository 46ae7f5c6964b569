import { NO_TOKENS, type ReportedTotals, type SessionOutcome, type TokenUsage } from '@tracepost/contracts';
import { sumUsd } from '@tracepost/pricing';
import { reportedUsage } from '../building/usage.ts';
import { type Fields, fieldsOf, textOf } from '../building/values.ts';
import { reportedUsd, usdText } from '../chat/usd-text.ts';
import type { LeaveOut } from '../format-reader.ts';

/** What `info` says of how the run ended: `submitted` of its own will, or stopped by a limit or an error. */
export function outcomeOf(info: Fields): SessionOutcome | null {
  const status = textOf(info.exit_status);
  return status === null ? null : { succeeded: /^submitted$/i.test(status), detail: status.slice(0, 200) };
}

/** `model_stats` counts the run as a whole. Runs that were played back have zeros: nothing was reported then. What cannot be is left out, each by itself. */
export function totalsOf(info: Fields, leaveOut: LeaveOut): ReportedTotals | null {
  const stats = fieldsOf(info.model_stats);
  const modelCalls = countOf(stats.api_calls, leaveOut);
  const usage = usageOf(stats, leaveOut);
  const costUsd = reportedUsd(stats.instance_cost, leaveOut);
  return modelCalls || usage || costUsd ? { modelCalls: modelCalls || null, usage, costUsd } : null;
}

/** Of attempts that nothing counts together, which is so until one of them is chosen. */
export function sumOfTotals(all: readonly ReportedTotals[]): ReportedTotals | null {
  if (all.length === 0) return null;
  const usages = all.flatMap(({ usage }) => usage ?? []);
  const costs = all.flatMap(({ costUsd }) => (costUsd === null ? [] : [Number(costUsd)]));
  const add = (one: TokenUsage, other: TokenUsage): TokenUsage => ({
    ...one,
    input: one.input + other.input,
    output: one.output + other.output,
  });
  return {
    modelCalls: all.reduce((sum, { modelCalls }) => sum + (modelCalls ?? 0), 0) || null,
    usage: usages.length > 0 ? usages.reduce(add, NO_TOKENS) : null,
    costUsd: costs.length > 0 ? usdText(sumUsd(costs)) : null,
  };
}

function usageOf({ tokens_sent, tokens_received }: Fields, leaveOut: LeaveOut): TokenUsage | null {
  if (!tokens_sent && !tokens_received) return null;
  return reportedUsage(null, { prompt_tokens: tokens_sent, completion_tokens: tokens_received }, leaveOut).usage;
}

const MOST_CALLS = 10_000_000;

function countOf(value: unknown, leaveOut: LeaveOut): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= MOST_CALLS) return value;
  leaveOut(
    `api_calls is ${JSON.stringify(value)?.slice(0, 40)}, and only it is left out: it has to be a number of calls`,
  );
  return 0;
}
