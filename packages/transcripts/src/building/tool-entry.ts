import type { SessionToolCall } from '@tracepost/contracts';
import { UNKNOWN_TOOL } from './join-tools.ts';
import { NO_ARGUMENTS } from './tool-arguments.ts';

/** A call of a tool of which nothing but its id is known. */
export function toolEntry(toolCallId: string): SessionToolCall {
  return {
    toolCallId,
    name: UNKNOWN_TOOL,
    atMs: null,
    sequence: 0,
    subagent: null,
    callId: null,
    ...NO_ARGUMENTS,
    startedAtMs: null,
    endedAtMs: null,
    status: 'pending',
    resultBytes: null,
    result: null,
    error: null,
  };
}
