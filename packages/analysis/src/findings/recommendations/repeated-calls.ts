import type { Recommendation, SessionToolCall } from '@tracepost/contracts';
import { toolEvidence } from '../../sessions/evidence.ts';
import { processingMs } from '../../sessions/times.ts';
import { type Facts, shareOf, sumOrNull } from './input.ts';

const LEAST_REPEATS = 2;
const MOST_EVIDENCE = 10;

/**
 * Calls that were made again with nothing changed in between and that gave the same result again: the agent knew it already. Repeats with
 * another result (a page that changed, a job that is waited for) found something out and are left alone.
 */
export function repeatedIdenticalCalls({ document, analysis, shareUsd }: Facts): readonly Recommendation[] {
  const begins = new Map(analysis.repeated.map(({ evidence, count }) => [evidence[0]?.id, count]));
  const open = new Map<string, { left: number; before: SessionToolCall | undefined }>();
  const wasted = new Map<string, SessionToolCall[]>();
  for (const tool of document.tools) {
    const key = `${tool.argumentsHash} ${tool.name} ${tool.subagent ?? ''}`;
    const begun = begins.get(tool.toolCallId);
    if (begun !== undefined) open.set(key, { left: begun, before: undefined });
    const window = open.get(key);
    // Beyond the window something has changed since.
    if (window === undefined || window.left === 0) continue;
    window.left--;
    if (isSameResult(window.before, tool)) {
      const calls = wasted.get(tool.name) ?? [];
      calls.push(tool);
      wasted.set(tool.name, calls);
    }
    window.before = tool;
  }
  return [...wasted]
    .filter(([, calls]) => calls.length >= LEAST_REPEATS)
    .map(([name, calls]) => ({
      kind: 'repeated_calls',
      subject: name,
      title: `${calls.length} calls of ${name} repeated one before, with the same arguments and the same result`,
      advice: 'Keep the result where the agent sees it, or tell the agent that nothing has changed since.',
      saves: { usd: shareOf(calls, shareUsd), ms: sumOrNull(calls.map(processingMs)), calls: calls.length },
      severity: 'info',
      evidence: calls.slice(0, MOST_EVIDENCE).map((call) => toolEvidence(document, call)),
      figures: {
        repeats: calls.length,
        differentCalls: new Set(calls.map(({ argumentsHash }) => argumentsHash)).size,
        resultBytes: calls.reduce((sum, { resultBytes }) => sum + (resultBytes ?? 0), 0),
      },
    }));
}

/** As far as it is kept: the beginning and the length of both. A failure that is tried again is a retry. */
function isSameResult(before: SessionToolCall | undefined, call: SessionToolCall): boolean {
  if (before === undefined || before.status !== 'ok' || call.status !== 'ok' || call.result === null) return false;
  return before.result === call.result && before.resultBytes === call.resultBytes;
}
