import type { SessionModelCall } from '@tracepost/contracts';
import { readAttempts } from '@tracepost/pricing';
import { estimateMessage } from '../building/estimate.ts';
import { UNKNOWN_TOOL } from '../building/join-tools.ts';
import { argumentFields } from '../building/tool-arguments.ts';
import { type ReportedUsage, reportedUsage } from '../building/usage.ts';
import { type Fields, fieldsOf, idOf, isFields, listOf, textOf } from '../building/values.ts';
import { reportedUsd } from '../chat/usd-text.ts';
import { answerError } from './api-error.ts';
import { type ClaudeLine, isPrinted } from './line.ts';
import { providerOf } from './provider.ts';
import { isServedResult, takeServedResult } from './served-tools.ts';

/** Written in the place of a model by the program when it speaks itself. */
const SYNTHETIC = '<synthetic>';
const CUT_OFF = new Set(['max_tokens', 'refusal', 'model_context_window_exceeded']);
const CALLS = new Set(['tool_use', 'server_tool_use', 'mcp_tool_use']);

/**
 * A line of the assistant's side. One answer of the model is written as one line for each block of its content, each with the
 * usage as far as it was known then: all lines with one `message.id` are one call, and the last of them counts.
 */
export function takeAssistantLine(line: ClaudeLine): void {
  const message = fieldsOf(line.fields.message);
  const blocks = listOf(message.content).filter(isFields);
  const model = modelOf(message, line);
  const isError = line.fields.isApiErrorMessage === true;
  const id = idOf(message.id) ?? line.uuid;
  const provider = providerOf(model, id);
  const reported = reportedUsage(provider, message.usage, line.leaveOut);
  // All ids first: a line that cannot be taken whole is not taken at all.
  const tools = blocks.filter((block) => CALLS.has(String(block.type))).map((block) => ({ block, id: idOf(block.id) }));
  const results = blocks.filter(isServedResult).map((block) => ({ block, id: idOf(block.tool_use_id) }));

  const answerId = line.names.answers.first(answerIdOf(id, line.fields));
  const isCall = isError || model !== SYNTHETIC;
  const place = placeOf(line, answerId);
  const askedAtMs = line.names.timeOf(line.parentUuid);
  // Also where only usage is asked for: a later line of the answer is told by its parts where it stands.
  const said = line.isForUsage ? [] : blocks;
  takeMessage({ line, place, blocks: said, message, model, messageId: answerId, callId: isCall ? answerId : null });
  if (isCall) takeCall({ line, place, message, model, provider, callId: answerId, reported, isError, askedAtMs });
  if (line.isForUsage) return;
  for (const { block, id } of tools) {
    const index = blocks.indexOf(block);
    const given = line.draft.toolIds.asked(id, { place: line.uuid, answer: answerId }, index);
    takeTool({ line, block, toolCallId: line.names.tools.first(given), callId: answerId, index });
  }
  for (const { block, id } of results) {
    const told = line.draft.toolIds.told(id, { of: answerId, at: `${line.uuid}#${blocks.indexOf(block)}` });
    takeServedResult(line, line.names.tools.find(told) ?? told, block);
  }
}

function modelOf({ model }: Fields, { names }: ClaudeLine): string | null {
  const name = textOf(model);
  return name === null ? null : names.models.first(name);
}

/**
 * Ids that the provider gave are the same wherever the answer is copied to, sometimes under another request; ids that a gateway made
 * up need not be different from answer to answer, and only the request tells them apart.
 */
function answerIdOf(id: string, fields: Fields): string {
  const requestId = idOf(fields.requestId);
  return requestId === null || id.startsWith('msg_') ? id : `${id}:${requestId}`;
}

/** The user broke it off while it came; printed, the mark has another name. */
function isAborted({ isAbortedMidStream, aborted }: Fields): boolean {
  return isAbortedMidStream === true || aborted === true;
}

type Place = Pick<SessionModelCall, 'atMs' | 'sequence'>;

/**
 * The last line of an answer is the last also where the clock stood still or was set back between two lines: a line comes after the one
 * that it names as its parent, or, where all name the same, after those before it in the file. A line that is there again stays where it was.
 */
function placeOf({ draft, uuid, parentUuid, atMs, sequence }: ClaudeLine, answerId: string): Place {
  const known = draft.partOf(answerId, uuid);
  if (known) return { atMs: known.atMs, sequence: known.sequence };
  const call = draft.callOf(answerId);
  const parent = parentUuid === null ? undefined : draft.partOf(answerId, parentUuid);
  const before = parent ?? (call?.askedBy === parentUuid ? call : undefined);
  const isAfter = !before || (atMs ?? 0) > (before.atMs ?? 0);
  return isAfter ? { atMs, sequence } : { atMs: before.atMs, sequence: before.sequence + 1 };
}

interface Turn {
  readonly line: ClaudeLine;
  readonly place: Place;
  readonly blocks: readonly Fields[];
  readonly message: Fields;
  readonly model: string | null;
  readonly messageId: string;
  readonly callId: string | null;
}

function takeMessage({ line, place, blocks, message, model, messageId, callId }: Turn): void {
  const { draft, texts, uuid, subagent, names } = line;
  const { atMs, sequence } = place;
  const said = blocks.map((block) => textOf(block.type === 'text' ? block.text : null) ?? '');
  const text = typeof message.content === 'string' ? message.content : said.filter(Boolean).join('\n');
  const estimatedTokens = estimateMessage({
    texts: [text, ...blocks.map((block) => textOf(block.thinking) ?? '')],
    tools: blocks
      .filter((block) => CALLS.has(String(block.type)))
      .map(({ name, input }) => ({ name: String(name), input })),
    model: model ?? 'claude',
  });
  const kept = texts.message(text);
  draft.message({
    messageId,
    role: 'assistant',
    atMs,
    sequence,
    subagent,
    text: kept,
    characters: text.length,
    estimatedTokens,
    callId,
    toolCallId: null,
    isComplete: !CUT_OFF.has(String(message.stop_reason)) && !isAborted(line.fields),
    parts: [{ partId: uuid, atMs, sequence, kept: kept.length, characters: text.length, estimatedTokens }],
  });
  names.kept(uuid, atMs);
}

interface Answer extends Omit<Turn, 'blocks' | 'messageId'> {
  readonly provider: string | null;
  readonly callId: string;
  readonly reported: ReportedUsage;
  readonly isError: boolean;
  readonly askedAtMs: number | null;
}

function takeCall({ line, place, message, model, provider, callId, reported, isError, askedAtMs }: Answer): void {
  const error = isError ? answerError(line.fields) : null;
  const usage = fieldsOf(message.usage);
  // Another model may have stepped in: the usage is that one's, and what the first used is told beside it.
  const { model: servedBy, besides } = readAttempts(provider, message.usage, model);
  line.draft.call({
    callId,
    atMs: place.atMs,
    sequence: place.sequence,
    subagent: line.subagent,
    provider,
    model: servedBy,
    askedAtMs,
    askedBy: line.parentUuid,
    beganAtMs: line.atMs,
    status: isError ? 'failed' : 'ok',
    error,
    stopReason: textOf(message.stop_reason),
    usage: reported.usage,
    ...(isPartial(line, message) && reported.usage !== null ? { isPartial: true } : {}),
    rawUsage: reported.rawUsage,
    besides,
    // Versions until mid-2025 wrote beside an answer what it had cost, by the prices of that day.
    reportedCostUsd: reportedUsd(line.fields.costUSD, line.leaveOut),
    serviceTier: usage.speed === 'fast' ? 'fast' : textOf(usage.service_tier),
    contextWindow: null,
  });
}

/** As the program prints a session while it runs: each block comes before its answer has ended, with the counts of its beginning. */
function isPartial({ fields }: ClaudeLine, message: Fields): boolean {
  return isPrinted(fields) && textOf(message.stop_reason) === null;
}

/** An answer as far as it was printed piece by piece. */
export interface BegunAnswer {
  readonly message: Fields;
  /** What its end says. */
  readonly usage: Fields;
  readonly stopReason: unknown;
}

/** The end of an answer that was printed piece by piece: the only place where its tokens are counted to the end. */
export function takeAnswerEnd(line: ClaudeLine, { message, usage, stopReason }: BegunAnswer): void {
  const id = idOf(message.id);
  if (id === null) return;
  const model = modelOf(message, line);
  const provider = providerOf(model, id);
  const whole = { ...message, usage: { ...fieldsOf(message.usage), ...usage }, stop_reason: stopReason ?? 'end_turn' };
  const reported = reportedUsage(provider, whole.usage, line.leaveOut);
  const callId = line.names.answers.first(answerIdOf(id, line.fields));
  const place = { atMs: line.atMs, sequence: line.sequence };
  takeCall({ line, place, message: whole, model, provider, callId, reported, isError: false, askedAtMs: null });
}

interface ToolUse {
  readonly line: ClaudeLine;
  readonly block: Fields;
  readonly toolCallId: string;
  readonly callId: string;
  readonly index: number;
}

function takeTool({ line, block, toolCallId, callId, index }: ToolUse): void {
  const given = argumentFields(block.input, line.texts);
  line.draft.tool({
    toolCallId,
    name: textOf(block.name) ?? UNKNOWN_TOOL,
    atMs: line.atMs,
    sequence: line.sequence + index,
    subagent: line.subagent,
    callId,
    arguments: given.arguments,
    argumentsHash: given.argumentsHash,
    argumentBytes: given.argumentBytes,
    argumentCount: given.argumentCount,
    startedAtMs: null,
    endedAtMs: null,
    status: 'pending',
    resultBytes: null,
    result: null,
    error: null,
  });
}
