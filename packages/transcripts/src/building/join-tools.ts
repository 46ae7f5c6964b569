import type { SessionToolCall } from '@tracepost/contracts';
import { pick } from './join-calls.ts';
import { higher, known } from './known.ts';
import type { JoinSubagents } from './whose-entry.ts';

/** The name of a tool of which only the result is known: the line that called it was damaged, or lies in another file. */
export const UNKNOWN_TOOL = 'unknown';

const ISSUED = ['name', 'atMs', 'sequence', 'arguments', 'argumentsHash', 'argumentBytes', 'argumentCount'] as const;
const RESULT = ['status', 'startedAtMs', 'endedAtMs', 'resultBytes', 'result', 'error'] as const;

const STATUS_RANK: Readonly<Record<SessionToolCall['status'], number>> = { pending: 0, ok: 1, failed: 2, refused: 3 };

/** Two witnesses of one call of a tool: often one of its beginning and one of its end. */
export function joinTools(one: SessionToolCall, other: SessionToolCall, joinSubagents: JoinSubagents): SessionToolCall {
  // As nearly always: first the call, then its result, which names no tool, or names it and not what it was given.
  if (
    one.status === 'pending' &&
    one.name !== UNKNOWN_TOOL &&
    other.status !== 'pending' &&
    (other.name === UNKNOWN_TOOL || other.argumentBytes < one.argumentBytes)
  ) {
    return {
      ...one,
      status: other.status,
      startedAtMs: other.startedAtMs,
      endedAtMs: other.endedAtMs,
      resultBytes: other.resultBytes,
      result: other.result,
      error: other.error,
      subagent: joinSubagents(one.subagent, other.subagent),
      callId: known(one.callId, other.callId),
    };
  }
  // Or more is told of whose call it is, and nothing of the call itself.
  if (one.name !== UNKNOWN_TOOL && tellsNothing(other)) {
    return {
      ...one,
      subagent: joinSubagents(one.subagent, other.subagent),
      callId: known(one.callId, other.callId),
    };
  }
  const issued = higher(pick(one, ISSUED), pick(other, ISSUED), (tool) => [
    tool.name === UNKNOWN_TOOL ? 0 : 1,
    tool.argumentBytes,
    tool.arguments.length,
    -(tool.atMs ?? 1e15),
    tool.sequence,
  ]);
  const result = higher(pick(one, RESULT), pick(other, RESULT), (tool) => [
    STATUS_RANK[tool.status],
    tool.resultBytes ?? -1,
    tool.result?.length ?? -1,
    -(tool.endedAtMs ?? 1e15),
    tool.startedAtMs ?? -1,
  ]);
  return {
    toolCallId: one.toolCallId,
    ...issued,
    ...result,
    subagent: joinSubagents(one.subagent, other.subagent),
    callId: known(one.callId, other.callId),
  };
}

/** Neither of the call nor of its result. */
function tellsNothing(tool: SessionToolCall): boolean {
  const { name, status, startedAtMs, endedAtMs, resultBytes, result, error } = tool;
  const isUnknown = name === UNKNOWN_TOOL && status === 'pending' && startedAtMs === null && endedAtMs === null;
  return isUnknown && resultBytes === null && result === null && error === null;
}
