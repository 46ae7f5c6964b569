import type { SessionModelCall, TokenUsage } from '@tracepost/contracts';
import type { ConversationLine } from './lines.ts';

/** The last call of the main agent (of the only one, where there is no main one) that read anything, and how much; null: there is none. */
export function lastRead(
  lines: readonly ConversationLine[],
  estimates: ReadonlyMap<string, TokenUsage>,
): { readonly call: SessionModelCall; readonly input: number } | null {
  const line = lines.find(({ subagent }) => subagent === null) ?? lines[0];
  const inputOf = (call: SessionModelCall): number => (call.usage ?? estimates.get(call.callId))?.input ?? 0;
  const call = line?.calls.findLast((each) => inputOf(each) > 0);
  return call ? { call, input: inputOf(call) } : null;
}
