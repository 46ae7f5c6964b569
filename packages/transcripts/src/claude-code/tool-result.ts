import type { SessionError, SessionToolCall } from '@tracepost/contracts';
import { errorText } from '../building/error-text.ts';
import { UNKNOWN_TOOL } from '../building/join-tools.ts';
import { NO_ARGUMENTS } from '../building/tool-arguments.ts';
import { type Fields, fieldsOf, listOf, textOf } from '../building/values.ts';
import type { ClaudeLine } from './line.ts';
import { refusalOf } from './refusal.ts';

export type ToolOutcome = Pick<SessionToolCall, 'status' | 'error'>;

interface ToolResult {
  readonly toolCallId: string;
  /** As it is written; `text` is what can be read of it. */
  readonly content: unknown;
  readonly text: string;
  readonly outcome: ToolOutcome;
}

/** How a call of a tool ended. */
export function takeToolResult(line: ClaudeLine, { toolCallId, content, text, outcome }: ToolResult): void {
  line.draft.tool({
    toolCallId,
    name: UNKNOWN_TOOL,
    atMs: null,
    sequence: 0,
    subagent: line.subagent,
    callId: null,
    arguments: NO_ARGUMENTS.arguments,
    argumentsHash: NO_ARGUMENTS.argumentsHash,
    argumentBytes: NO_ARGUMENTS.argumentBytes,
    argumentCount: NO_ARGUMENTS.argumentCount,
    startedAtMs: startOf(line),
    endedAtMs: line.atMs,
    status: outcome.status,
    resultBytes: resultBytes(content, text),
    result: line.texts.tool(text),
    error: outcome.error,
  });
}

/** `fields`: of the line. */
export function outcomeOf(fields: Fields, result: Fields, text: string): ToolOutcome {
  if (result.is_error !== true) return { status: 'ok', error: null };
  const refusal = refusalOf(text, denialKind(fields, result));
  if (refusal !== null) return { status: 'refused', error: { type: refusal, message: errorText(text) } };
  return { status: 'failed', error: toolError(text) };
}

/** What the program wrote down of why it did not run the tool; as it prints a session, in a list beside the results. */
function denialKind({ toolDenialKind, tool_result_meta }: Fields, result: Fields): string | null {
  const meta = listOf(tool_result_meta).find((entry) => fieldsOf(entry).id === result.tool_use_id);
  return textOf(toolDenialKind) ?? textOf(fieldsOf(meta).non_execution_kind);
}

/** The program words the failures of its own tools; what it does not word is only text. */
function toolError(text: string): SessionError {
  const exit = /^(?:Error: )?Exit code (\d{1,3})\b/.exec(text)?.[1];
  if (exit) return { type: `exit_code_${exit}`, message: errorText(text) };
  const own = /^<tool_use_error>(?:(\w*Error): )?/.exec(text);
  if (own) return { type: own[1] ?? 'tool_use_error', message: errorText(text.replace(/<\/?tool_use_error>/g, '')) };
  const status = /^(?:Error: )?Request failed with status code (\d{3})\b/.exec(text)?.[1];
  if (status) return { type: status, message: errorText(text) };
  if (/^MCP error -?\d+/.test(text)) return { type: /-?\d+/.exec(text)?.[0] ?? null, message: errorText(text) };
  return { type: null, message: errorText(text) };
}

/** Some tools write down how long they worked; when they were given the work is not known otherwise. */
function startOf({ fields, atMs }: ClaudeLine): number | null {
  const ms = fieldsOf(fields.toolUseResult).durationMs;
  return typeof ms === 'number' && ms >= 0 && ms < 1e9 && atMs !== null ? Math.round(atMs - ms) : null;
}

function resultBytes(content: unknown, text: string): number {
  let bytes = Buffer.byteLength(text);
  for (const block of listOf(content)) {
    const data = fieldsOf(fieldsOf(block).source).data;
    if (typeof data === 'string') bytes += data.length;
  }
  return bytes;
}
