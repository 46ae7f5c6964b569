import { derivedId } from '../building/derived-id.ts';
import { contentTexts } from '../building/estimate.ts';
import { isUnique } from '../building/tool-ids.ts';
import { type Fields, idOf, textOf } from '../building/values.ts';
import { userTexts } from './content.ts';
import type { CodexSession, Place } from './session.ts';
import type { CodexState } from './state.ts';
import { cellName, readToolOutput } from './tool-output.ts';

/** An entry of the conversation, as the provider's API words it. */
export function takeItem({ session }: CodexState, item: Fields, place: Place): void {
  const type = String(item.type);
  if (type === 'message') takeMessage(session, item, place);
  else if (type === 'reasoning') takeReasoning(session, item, place);
  else if (type.endsWith('_output')) takeOutput(session, item, place);
  else if (type.endsWith('_call')) takeCall(session, type, item, place);
}

/** What the next answer answers; before it, the last one is over. */
export function isInput(item: Fields): boolean {
  return String(item.type).endsWith('_output') || (item.type === 'message' && item.role !== 'assistant');
}

function takeMessage(session: CodexSession, item: Fields, place: Place): void {
  if (item.role === 'assistant') {
    session.answer(contentTexts(item.content).join('\n'), { id: idOf(item.id) }, place);
    return;
  }
  if (item.role !== 'user') return;
  const texts = userTexts(item.content);
  const hasMore = Array.isArray(item.content) && item.content.length > contentTexts(item.content).length;
  if (texts.length === 0 && !hasMore) return;
  session.drop();
  session.userMessage(texts, idOf(item.id), place);
}

/**
 * Thoughts are no part of what was said, but of what was paid, and are sent again with the next calls of the turn. Most are encrypted;
 * what of those can be read is a summary, which tells less of how long they were than their encrypted length.
 */
function takeReasoning(session: CodexSession, item: Fields, place: Place): void {
  const encrypted = textOf(item.encrypted_content) ?? '';
  const whole = contentTexts(item.content);
  const isHidden = whole.length === 0 && encrypted !== '';
  const thoughts = isHidden ? [] : [...contentTexts(item.summary), ...whole];
  const hiddenTokens = isHidden ? encryptedTokens(encrypted.length) : 0;
  session.answer('', { id: idOf(item.id) ?? derivedId('reasoning', place.atMs), thoughts, hiddenTokens }, place);
}

/** Of so many characters (base64) of encrypted thoughts; by 25 recorded ones whose tokens were reported: a frame, then 20 characters for 3 tokens. */
function encryptedTokens(characters: number): number {
  return Math.max(0, Math.round((characters - 920) * 0.15));
}

function takeCall(session: CodexSession, type: string, item: Fields, place: Place): void {
  const name = toolName(type, item);
  const value = item.arguments ?? item.input ?? item.action ?? {};
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const given = idOf(item.call_id) ?? idOf(item.id);
  // Without an output of its own, it must not be given that of another.
  const isServed = SERVED.has(type) || item.execution === 'server';
  const isOwn = given !== null && (isServed || isUnique(given));
  const own = isOwn ? given : derivedId(name, place.atMs, text);
  const id = isOwn || isServed ? own : session.toolIds.asked(given, { place: own, answer: session.turnKey });
  session.answer('', { id: `${id}:call`, tool: { name, input: value } }, place);
  session.toolCall(id, name, value, place);
  const process = processOf(name, text);
  if (process) session.asksAbout(id, process);
  if (type === 'custom_tool_call' && name === 'exec') session.script(id);
  if (isServed) session.served(id, item.status !== 'failed', place);
}

/** What the call asks about that another one has left running. */
function processOf(name: string, input: string): string | undefined {
  if (name === 'write_stdin') return /"session_id"\s*:\s*"?(\w+)/.exec(input)?.[1];
  const cell = name === 'wait' ? /"cell_id"\s*:\s*"?([\w-]+)/.exec(input)?.[1] : undefined;
  return cell && cellName(cell);
}

/** Tools that the provider itself runs while it answers: no output of them is written, or one that names no call. */
const SERVED = new Set(['web_search_call', 'image_generation_call']);

function toolName(type: string, { name, namespace }: Fields): string {
  const own = textOf(name) ?? type.slice(0, -'_call'.length);
  const space = textOf(namespace);
  return space === null ? own : `${space}${space.endsWith('__') ? '' : '.'}${own}`;
}

function takeOutput(session: CodexSession, item: Fields, place: Place): void {
  if (item.execution === 'server') return;
  const output = readToolOutput(item.output ?? '');
  const given = idOf(item.call_id);
  // An id that no other call has needs no place, which would cost a hash of the whole output.
  const id =
    given !== null && isUnique(given)
      ? given
      : session.toolIds.told(given, { of: null, at: derivedId('output', given, place.atMs, output.text) });
  const starter = output.end === null ? undefined : session.starterFor(id);
  if (starter === undefined) {
    session.toolResult(id, output, place);
    return;
  }
  // How the process ended is the result of the call that started it; the one that asked did what it should.
  session.toolResult(id, { ...output, outcome: { status: 'ok', error: null } }, place);
  if (starter !== null && output.end) session.processEnd(starter, output.end, null);
}
