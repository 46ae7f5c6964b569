import type { SessionError, SessionModelCall } from '@tracepost/contracts';
import { derivedId } from '../building/derived-id.ts';
import type { DocumentDraft } from '../building/document-draft.ts';
import { errorText } from '../building/error-text.ts';
import { contentTexts, estimateMessage } from '../building/estimate.ts';
import { UNKNOWN_TOOL } from '../building/join-tools.ts';
import type { TextBudget } from '../building/text-budget.ts';
import { argumentFields } from '../building/tool-arguments.ts';
import { toolEntry } from '../building/tool-entry.ts';
import { isUnique } from '../building/tool-ids.ts';
import { reportedUsage } from '../building/usage.ts';
import { answerIdOf, type Fields, fieldsOf, idOf, isFields, listOf, textOf, timeOf } from '../building/values.ts';
import type { LeaveOut } from '../format-reader.ts';
import { takePaidBeside } from './paid-beside.ts';
import { providerOf } from './provider.ts';
import { usdOf } from './usd.ts';

export interface PiEntry {
  /** Null in the first version of the format. */
  readonly id: string | null;
  /** The entry that it follows, where entries are a tree. */
  readonly parentId: string | null;
  readonly message: Fields;
  /** When the line was written: of an answer, when it was complete. */
  readonly writtenAtMs: number | null;
  readonly sequence: number;
  /** That reads what is said to it; null: not known yet. */
  readonly model: string | null;
  readonly leaveOut: LeaveOut;
}

/** Who answered: not the one that was asked, where that only chooses another (`openrouter/auto`). */
export function modelOf({ responseModel, model }: Fields): string | null {
  return textOf(responseModel) ?? textOf(model);
}

/** Why the entry is left out; undefined: it was taken, or is none of the conversation. */
export function takeMessage(entry: PiEntry, draft: DocumentDraft, texts: TextBudget): string | undefined {
  const { role } = entry.message;
  if (role === 'user') takeUser(entry, contentTexts(entry.message.content), draft, texts);
  if (role === 'bashExecution') takeUser(entry, commandOfUser(entry.message), draft, texts);
  if (role === 'assistant') takeAnswer(entry, draft, texts);
  if (role === 'toolResult') takeResult(entry, draft, texts);
  return typeof role === 'string' ? undefined : 'has a message without a role';
}

/** What the user ran is given to the model with what came of it, if it is. */
function commandOfUser({ command, output, excludeFromContext }: Fields): string[] {
  const asked = `!${textOf(command) ?? ''}`;
  const given = excludeFromContext === true ? null : textOf(output);
  return given === null ? [asked] : [asked, given];
}

/** What is printed of a session names no entries: what both tell is the same message. */
function messageIdOf({ id, message, writtenAtMs }: PiEntry, word: 'user' | 'answer', told: string): string {
  const atMs = timeOf(message.timestamp);
  return (atMs === null ? id : null) ?? derivedId(word, atMs ?? writtenAtMs, told);
}

function takeUser(entry: PiEntry, parts: string[], draft: DocumentDraft, texts: TextBudget): void {
  const { message, writtenAtMs, sequence, model } = entry;
  const text = parts.join('\n');
  const atMs = timeOf(message.timestamp) ?? writtenAtMs;
  draft.message({
    messageId: messageIdOf(entry, 'user', text),
    role: 'user',
    atMs,
    sequence,
    subagent: null,
    text: texts.message(text),
    characters: text.length,
    estimatedTokens: estimateMessage({ texts: parts, model }),
    callId: null,
    toolCallId: null,
    isComplete: true,
  });
}

function takeAnswer(entry: PiEntry, draft: DocumentDraft, texts: TextBudget): void {
  const { id, message, writtenAtMs, sequence } = entry;
  const blocks = listOf(message.content).filter(isFields);
  const model = modelOf(message);
  const provider = providerOf(textOf(message.provider));
  const reported = reportedUsage(provider, message.usage, entry.leaveOut);
  const askedAtMs = timeOf(message.timestamp);
  const callId = callIdOf(message, reported.rawUsage);
  const place = { place: id ?? callId, answer: callId };
  const tools = blocks.filter((block) => block.type === 'toolCall').map(toolOf);
  const status = statusOf(message.stopReason);
  const at = { atMs: writtenAtMs ?? askedAtMs, sequence, subagent: null };
  const said = blocks.flatMap((block) => (block.type === 'text' ? (textOf(block.text) ?? []) : []));
  const text = said.join('\n');

  draft.message({
    messageId: messageIdOf(entry, 'answer', callId),
    role: 'assistant',
    ...at,
    text: texts.message(text),
    characters: text.length,
    estimatedTokens: estimateMessage({
      texts: [...said, ...blocks.map((block) => textOf(block.thinking) ?? '')],
      tools: tools.map(({ name, value }) => ({ name, input: value })),
      model,
    }),
    callId,
    toolCallId: null,
    isComplete: status === 'ok' && message.stopReason !== 'length',
  });
  draft.call({
    callId,
    ...at,
    provider,
    model,
    askedAtMs,
    status,
    error: status === 'ok' ? null : errorOf(message.errorMessage, status),
    stopReason: textOf(message.stopReason),
    ...reported,
    besides: [],
    reportedCostUsd: usdOf(fieldsOf(fieldsOf(message.usage).cost).total, entry.leaveOut),
    serviceTier: null,
    contextWindow: null,
  });
  for (const [index, { given, name, value }] of tools.entries()) {
    draft.tool({
      toolCallId: draft.toolIds.asked(given, place, index),
      name,
      ...at,
      sequence: sequence + index,
      callId,
      ...argumentFields(value, texts),
      startedAtMs: null,
      endedAtMs: null,
      status: 'pending',
      resultBytes: null,
      result: null,
      error: null,
    });
  }
}

/** A branched session begins with a copy of the entries of the first: a call is known by what the provider said of it, not by where it stands. */
function callIdOf(message: Fields, rawUsage: string | null): string {
  const answerId = answerIdOf(message.responseId);
  if (answerId !== null) return answerId;
  const { timestamp, provider, model, usage, stopReason } = message;
  const before = JSON.stringify([timestamp, provider, model]).slice(0, -1);
  // The usage stands there in its own words already, unless it is very long.
  return derivedId(
    'pi',
    `${before},${rawUsage ?? JSON.stringify(usage ?? null)},${JSON.stringify(stopReason ?? null)}]`,
  );
}

function toolOf(block: Fields): { readonly given: string | null; readonly name: string; readonly value: unknown } {
  return { given: idOf(block.id), name: textOf(block.name) ?? UNKNOWN_TOOL, value: block.arguments };
}

function statusOf(stopReason: unknown): SessionModelCall['status'] {
  if (stopReason === 'aborted') return 'aborted';
  return stopReason === 'error' ? 'failed' : 'ok';
}

function errorOf(value: unknown, status: 'failed' | 'aborted'): SessionError {
  const message = textOf(value) ?? '';
  const type = /^(?:Error: )?(\d{3})\b/.exec(message)?.[1] ?? /"type":\s*"(\w+_error)"/.exec(message)?.[1];
  return { type: status === 'aborted' ? 'aborted' : (type ?? null), message: message.slice(0, 500) };
}

function takeResult(entry: PiEntry, draft: DocumentDraft, texts: TextBudget): void {
  const { id, parentId, message, writtenAtMs, sequence, model } = entry;
  const given = idOf(message.toolCallId);
  const parts = contentTexts(message.content);
  const text = parts.join('\n');
  const atMs = timeOf(message.timestamp) ?? writtenAtMs;
  // An id that no other call has needs no place, which would cost a hash of the whole text.
  const toolCallId =
    given !== null && isUnique(given)
      ? given
      : draft.toolIds.told(given, { of: parentId, at: id ?? derivedId('result', given, atMs, text) });
  draft.message({
    messageId: toolCallId === given ? `${given}:result` : (id ?? `${toolCallId}:result`),
    role: 'tool',
    atMs,
    sequence,
    subagent: null,
    text: texts.message(text),
    characters: text.length,
    estimatedTokens: estimateMessage({ texts: parts, model }),
    callId: null,
    toolCallId,
    isComplete: true,
  });
  draft.tool({
    ...toolEntry(toolCallId),
    name: textOf(message.toolName) ?? UNKNOWN_TOOL,
    endedAtMs: atMs,
    ...outcomeOf(message.isError === true, text),
    resultBytes: Buffer.byteLength(text),
    result: texts.tool(text),
  });
  if (message.usage !== undefined && message.usage !== null) takeToolsUsage(entry, given, toolCallId, draft);
}

/** A tool that asked models itself, such as one that sends out a subagent, tells what that took and not which they were. */
function takeToolsUsage(entry: PiEntry, given: string | null, toolCallId: string, draft: DocumentDraft): void {
  const { message, writtenAtMs, sequence } = entry;
  const at = timeOf(message.timestamp);
  const place = { atMs: at ?? writtenAtMs, sequence, subagent: toolCallId };
  const paid = { key: ['toolResult', given, at], usage: message.usage, provider: null, model: null, ...place };
  takePaidBeside(paid, draft, entry.leaveOut);
}

function outcomeOf(
  isError: boolean,
  text: string,
): { status: 'ok' | 'failed' | 'refused'; error: SessionError | null } {
  if (!isError) return { status: 'ok', error: null };
  const message = errorText(text);
  // How pi itself words that the user stopped the tool; nothing else stands there then, or it stands last.
  if (/(?:^|\n)(?:Operation|Command) aborted$/.test(text)) {
    return { status: 'refused', error: { type: 'aborted_by_user', message } };
  }
  const exit = /(?:^|\n)Command exited with code (\d{1,3})$/.exec(text)?.[1];
  return { status: 'failed', error: { type: exit ? `exit_code_${exit}` : null, message } };
}
