import type { SessionDocument, TokenUsage } from '@tracepost/contracts';
import { MAX_CALL_TOKENS } from '@tracepost/contracts/token-usage';
import { MAX_SESSION_BYTES } from '@tracepost/stores';

const LONGEST_NAME = 256;
const LONGEST_ENTRY_ID = 1_024;
/** The last millisecond of the year 9999. */
const LATEST_MS = 253_402_300_799_999;
/** As keys of an object these do not say what they seem to. */
const NO_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Why a document cannot be kept: what was wrong, and what would be right. Null: it can. */
export function whyRefused(document: SessionDocument): string | null {
  const { sessionId, agentId, messages, calls, tools } = document;
  return (
    wrongName('session id', sessionId) ??
    wrongName('agent id', agentId) ??
    tooLarge(document) ??
    first(
      messages,
      ({ messageId, atMs }) => wrongId('message', messageId) ?? wrongTime('message', messageId, [atMs]),
    ) ??
    first(
      calls,
      (call) =>
        wrongId('model call', call.callId) ??
        wrongTime('model call', call.callId, [call.atMs, call.askedAtMs]) ??
        first([call.usage, ...call.besides.map(({ usage }) => usage)], (usage) => wrongUsage(call.callId, usage)),
    ) ??
    first(
      tools,
      ({ toolCallId, atMs, startedAtMs, endedAtMs }) =>
        wrongId('tool call', toolCallId) ?? wrongTime('tool call', toolCallId, [atMs, startedAtMs, endedAtMs]),
    ) ??
    wrongUsage('all calls together', document.reportedTotals?.usage ?? null)
  );
}

/** With fewer, the store tells how large it is. */
const MANY_ENTRIES = 50_000;
/** Masking may take something away. */
const CERTAINLY_TOO_LARGE = 1.5 * MAX_SESSION_BYTES;

/** Said before copies are made of what the memory may hold once and the store will not take. */
function tooLarge({ messages, calls, tools }: SessionDocument): string | null {
  const count = messages.length + calls.length + tools.length;
  if (count < MANY_ENTRIES) return null;
  let characters = 0;
  for (const entries of [messages, calls, tools]) {
    for (const entry of entries) {
      characters += JSON.stringify(entry).length;
      if (characters <= CERTAINLY_TOO_LARGE) continue;
      return `The session has ${messages.length} messages, ${calls.length} calls of models and ${tools.length} calls of tools; as JSON these may have ${MAX_SESSION_BYTES} bytes, and have more than ${CERTAINLY_TOO_LARGE}. Nothing was stored.`;
    }
  }
  return null;
}

function wrongName(what: string, name: unknown): string | null {
  if (typeof name !== 'string' || name === '') return `The ${what} is not a text with something in it.`;
  if (name.length > LONGEST_NAME) {
    return `The ${what} has ${name.length} characters; at most ${LONGEST_NAME} are taken.`;
  }
  if (NO_NAMES.has(name))
    return `The ${what} is "${name}", which programs take for something else; any other is taken.`;
  if (/\p{Cc}/u.test(name) || !name.isWellFormed()) {
    return `The ${what} holds control characters or half a character; only whole, visible ones are taken.`;
  }
  return null;
}

function wrongId(what: string, id: unknown): string | null {
  if (typeof id === 'string' && id !== '' && id.length <= LONGEST_ENTRY_ID) return null;
  const seen = typeof id === 'string' ? `has ${id.length} characters` : 'is not a text';
  return `The id of a ${what} ${seen}; 1 to ${LONGEST_ENTRY_ID} characters are taken.`;
}

function wrongTime(what: string, id: string, times: readonly (number | null)[]): string | null {
  const wrong = times.find((time) => time !== null && !(Number.isInteger(time) && time >= 0 && time <= LATEST_MS));
  return wrong === undefined
    ? null
    : `The ${what} ${short(id)} has the time ${wrong}; whole milliseconds from 1970 to the year 9999 are taken.`;
}

function wrongUsage(id: string, usage: TokenUsage | null): string | null {
  if (usage === null) return null;
  const wrong = Object.values(usage).find(
    (count: unknown) => !(Number.isInteger(count) && (count as number) >= 0 && (count as number) <= MAX_CALL_TOKENS),
  );
  return wrong === undefined
    ? null
    : `The usage of ${short(id)} claims ${wrong} tokens; whole numbers from 0 to ${MAX_CALL_TOKENS} are taken.`;
}

function short(id: string): string {
  return id.length > 100 ? `${id.slice(0, 100)}…` : id;
}

function first<T>(all: readonly T[], why: (one: T) => string | null): string | null {
  for (const one of all) {
    const reason = why(one);
    if (reason !== null) return reason;
  }
  return null;
}
