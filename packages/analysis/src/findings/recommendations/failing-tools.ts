import type { Recommendation, SessionToolCall } from '@tracepost/contracts';
import { toolEvidence } from '../../sessions/evidence.ts';
import { processingMs } from '../../sessions/times.ts';
import { type Facts, shareOf, sumOrNull } from './input.ts';

export const HIGH_ERROR_RATE = 0.3;
/** One failure of one or two calls says nothing of a tool. */
const LEAST_CALLS = 3;
const LEAST_FAILURES = 2;
const MOST_EVIDENCE = 10;

/** What to do about such a tool; behind it stands of how many calls that is said. */
export const LOOK_AT_ERRORS = 'Look at its errors and at the arguments they came with';

/** Tools of whose calls more than 30 % failed: what they said, with which arguments, and what those calls cost. */
export function failingTools({ document, analysis, shareUsd }: Facts): readonly Recommendation[] {
  const failing = analysis.tools.filter(
    ({ count, failed }) => count >= LEAST_CALLS && failed >= LEAST_FAILURES && failed / count > HIGH_ERROR_RATE,
  );
  if (failing.length === 0) return [];
  const failures = new Map<string, SessionToolCall[]>(failing.map(({ name }) => [name, []]));
  for (const tool of document.tools) if (tool.status === 'failed') failures.get(tool.name)?.push(tool);
  return failing.map(({ name, count, failed }) => {
    const calls = failures.get(name) ?? [];
    const [reason, times] = mostFrequent(calls.map(reasonOf));
    return {
      kind: 'tool_error_rate',
      subject: name,
      title: `${Math.round((100 * failed) / count)} % of the calls of ${name} failed`,
      advice: `${LOOK_AT_ERRORS}: ${failed} of ${count} calls failed, ${times} of them with "${reason}".`,
      saves: { usd: shareOf(calls, shareUsd), ms: sumOrNull(calls.map(processingMs)), calls: failed },
      severity: 'warning',
      evidence: calls.slice(0, MOST_EVIDENCE).map((call) => toolEvidence(document, call)),
      figures: { calls: count, failed, errorRate: failed / count, threshold: HIGH_ERROR_RATE, sameReason: times },
    };
  });
}

function reasonOf({ error, result }: SessionToolCall): string {
  const line = /[^\n]{1,120}/.exec((error?.message || result || '').trimStart())?.[0]?.trim();
  return line ?? error?.type ?? 'no reason given';
}

function mostFrequent(values: readonly string[]): readonly [string, number] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most), ['', 0]);
}
