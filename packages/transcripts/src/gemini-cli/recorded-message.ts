import type { ToolIds } from '../building/tool-ids.ts';
import { reportedUsage } from '../building/usage.ts';
import { type Fields, listOf, textOf, timeOf } from '../building/values.ts';
import { contentText } from '../chat/content-text.ts';
import { callIdByPlace, type SessionEntries } from '../entries/session-entries.ts';
import type { LeaveOut } from '../format-reader.ts';
import { promptHash } from './prompt-ids.ts';
import { isToolResponse, type RecordedTool, recordedTool } from './tool-calls.ts';
import { userWords } from './user-words.ts';

const PROVIDER = 'gcp.gemini';
/** Between the places of two messages there is room for their calls of tools, and behind them for the results. */
const PLACES = 1000;
const RESULTS = 500;

/** One message of a session, cut to what is kept of it. */
export interface Recorded {
  readonly place: number;
  readonly entries: SessionEntries;
  /** Of what the user typed; null: it is none. */
  readonly promptHash: string | null;
  /** When it and the tools that it called were done: the next call follows on this. Null: nothing that a call follows on. */
  readonly endedAtMs: number | null;
}

interface Place {
  readonly id: string | null;
  readonly place: number;
  readonly entries: SessionEntries;
  readonly toolIds: ToolIds;
  readonly leaveOut: LeaveOut;
}

/** Throws `RangeError` when it cannot be read. */
export function recordedMessage(value: Fields, at: Place): Recorded {
  switch (value.type) {
    case 'user':
      return prompt(value, at);
    case 'gemini':
      return answer(value, at);
    case 'error':
      return shownError(value, at);
    case 'info':
    case 'warning':
      return nothing(at);
    default:
      throw new RangeError(`its type ${JSON.stringify(value.type ?? null).slice(0, 40)} is not known`);
  }
}

function nothing({ place, entries }: Place): Recorded {
  return { place, entries, promptHash: null, endedAtMs: null };
}

function prompt(value: Fields, at: Place): Recorded {
  if (isToolResponse(value.content)) return nothing(at);
  const atMs = timeOf(value.timestamp);
  const text = userWords(value.content);
  if (text === null) return nothing(at);
  at.entries.message({ messageId: '', role: 'user', text, atMs, sequence: at.place * PLACES });
  // What the user typed: `content` has also what stands in the files that were named there.
  const typed = contentText(value.displayContent) || text;
  return { ...at, promptHash: promptHash(typed), endedAtMs: atMs };
}

function answer(value: Fields, at: Place): Recorded {
  if (!isFromModel(value)) return nothing(at);
  const { entries, place } = at;
  const tools = listOf(value.toolCalls).map(recordedTool);
  const text = contentText(value.content);
  const atMs = timeOf(value.timestamp);
  // A message that calls tools is written when the first of them has ended; the answer was there when they were asked for.
  const answeredAtMs = edge(Math.min, [atMs, ...tools.map((tool) => tool.issuedAtMs)]);
  const sequence = place * PLACES;
  const callId = at.id ?? callIdByPlace(place);
  const usage = reportedUsage(PROVIDER, value.tokens, at.leaveOut);
  const model = textOf(value.model);
  entries.call({ callId, provider: PROVIDER, model, atMs: answeredAtMs, sequence, ...usage });
  const toolTexts = tools.map((tool) => tool.name + JSON.stringify(tool.arguments));
  const messageId = at.id ?? `message-${place}`;
  entries.message({ messageId, role: 'assistant', text, atMs: answeredAtMs, sequence, callId, toolTexts, model });
  for (const [index, tool] of tools.entries()) {
    const toolCallId = at.toolIds.asked(tool.id, { place: messageId, answer: messageId }, index);
    writeTool(entries, tool, { toolCallId, callId, sequence: sequence + 1 + index, answeredAtMs });
  }
  return { ...nothing(at), endedAtMs: edge(Math.max, [atMs, ...tools.map((tool) => tool.recordedAtMs)]) };
}

/** Where the program answers itself (that it was summed up, that an answer broke off), it names no model and counts no tokens. */
function isFromModel({ model, tokens, toolCalls }: Fields): boolean {
  return textOf(model) !== null || (tokens ?? null) !== null || listOf(toolCalls).length > 0;
}

interface ToolPlace {
  readonly toolCallId: string;
  readonly callId: string;
  readonly sequence: number;
  readonly answeredAtMs: number | null;
}

function writeTool(entries: SessionEntries, tool: RecordedTool, at: ToolPlace): void {
  const { toolCallId, callId, sequence } = at;
  const atMs = tool.issuedAtMs ?? at.answeredAtMs;
  const entry = entries.tool({ toolCallId, name: tool.name, arguments: tool.arguments, callId, atMs, sequence });
  const { result: text, status, recordedAtMs: endedAtMs } = tool;
  if (text === null) return;
  entries.result(entry, { text, status, error: status === 'failed' ? entries.error(null, text) : null, endedAtMs });
  const messageId = `${toolCallId}:result`;
  const place = { atMs: endedAtMs, sequence: sequence + RESULTS };
  entries.message({ messageId, role: 'tool', text, callId, toolCallId, ...place });
}

/** What the program showed as an error; where it came from the model's interface, a call had failed. */
function shownError(value: Fields, at: Place): Recorded {
  const text = contentText(value.content);
  if (!/\bAPI Error\b/.test(text)) return nothing(at);
  const [, code] = /"code"\s*:\s*(\d{3})\b/.exec(text) ?? /\bstatus:?\s*(\d{3})\b/i.exec(text) ?? [];
  const atMs = timeOf(value.timestamp);
  at.entries.call({
    callId: at.id ?? callIdByPlace(at.place),
    provider: PROVIDER,
    status: 'failed',
    error: at.entries.error(code ?? null, text),
    atMs,
    sequence: at.place * PLACES,
  });
  return { ...nothing(at), endedAtMs: atMs };
}

function edge(pick: (...times: number[]) => number, times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length > 0 ? pick(...known) : null;
}
