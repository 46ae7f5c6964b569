import { contentTexts, estimateMessage } from '../building/estimate.ts';
import { type Fields, fieldsOf, idOf, isFields, listOf } from '../building/values.ts';
import { takeSummary } from './compaction.ts';
import type { ClaudeLine } from './line.ts';
import { isInterruption } from './refusal.ts';
import { outcomeOf, takeToolResult } from './tool-result.ts';
import { userWords } from './user-words.ts';

/**
 * A line of the user's side: what the user wrote, or what tools gave back, or both. What the program itself put in
 * (caveats, echoes of commands, summaries of what was compacted) is no message.
 */
export function takeUserLine(line: ClaudeLine): void {
  const content = fieldsOf(line.fields.message).content;
  const results = listOf(content).filter((block) => isFields(block) && block.type === 'tool_result') as Fields[];
  // All ids first: a line that cannot be taken whole is not taken at all.
  const ids = results.map((result) => idOf(result.tool_use_id));
  const texts = contentTexts(content);
  const words = userWords(texts);
  const blocks = Array.isArray(content) ? content.length : 1;
  const isEcho = words.length === 0 && texts.length > 0 && texts.length + results.length === blocks;
  const isOwn = !isEcho && results.length < blocks;
  if (isMetadata(line.fields) && results.length === 0) {
    if (line.fields.isCompactSummary === true) takeSummary(line);
    keepTime(line);
    return;
  }
  if (isOwn) takeMessage(line, words);

  for (const [index, result] of results.entries()) {
    const isAlone = !isOwn && results.length === 1;
    const messageId = isAlone ? line.uuid : `${line.uuid}#${index}`;
    const told = line.draft.toolIds.told(ids[index] ?? null, { of: line.parentUuid, at: messageId });
    const toolCallId = line.names.tools.find(told) ?? told;
    takeResult({ line, result, toolCallId, messageId, index: index + (isOwn ? 1 : 0) });
  }
  if (!isOwn && results.length !== 1) keepTime(line);
}

/** What the user typed while the agent worked has no line of the user's side: it stands in what was attached to the next answer. */
export function takeQueuedWords(line: ClaudeLine): void {
  const { type, commandMode, prompt, isMeta } = fieldsOf(line.fields.attachment);
  const isTyped = type === 'queued_command' && commandMode === 'prompt' && isMeta !== true && !isMetadata(line.fields);
  const words = isTyped ? userWords(contentTexts(prompt)).filter((text) => text !== '') : [];
  if (words.length > 0) takeMessage(line, words);
  else keepTime(line);
}

function isMetadata(fields: Fields): boolean {
  return [fields.isMeta, fields.isCompactSummary, fields.isVisibleInTranscriptOnly].includes(true);
}

export function keepTime({ draft, uuid, atMs }: ClaudeLine): void {
  if (atMs !== null) draft.time(uuid, atMs);
}

function takeMessage(line: ClaudeLine, parts: string[]): void {
  const { draft, texts, names, uuid, parentUuid, atMs, sequence, subagent } = line;
  const text = parts.join('\n');
  draft.message({
    messageId: uuid,
    role: 'user',
    atMs,
    sequence,
    subagent,
    text: texts.message(text),
    characters: text.length,
    estimatedTokens: estimateMessage({ texts: parts, model: 'claude' }),
    callId: null,
    toolCallId: null,
    isComplete: true,
    ...(parentUuid !== null && isInterruption(text) ? { cutsOff: parentUuid } : {}),
  });
  names.kept(uuid, atMs);
}

interface Result {
  readonly line: ClaudeLine;
  readonly result: Fields;
  readonly toolCallId: string;
  readonly messageId: string;
  readonly index: number;
}

function takeResult({ line, result, toolCallId, messageId, index }: Result): void {
  const { draft, texts, atMs, subagent } = line;
  const sequence = line.sequence + index;
  const parts = contentTexts(result.content);
  const text = parts.join('\n');
  const outcome = outcomeOf(line.fields, result, text);
  draft.message({
    messageId,
    role: 'tool',
    atMs,
    sequence,
    subagent,
    text: texts.message(text),
    characters: text.length,
    estimatedTokens: estimateMessage({ texts: parts, model: 'claude' }),
    callId: null,
    toolCallId,
    isComplete: true,
  });
  takeToolResult(line, { toolCallId, content: result.content, text, outcome });
  if (messageId === line.uuid) line.names.kept(messageId, atMs);
}
