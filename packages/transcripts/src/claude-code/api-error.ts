import type { SessionError } from '@tracepost/contracts';
import { NO_TOKENS } from '@tracepost/contracts/token-usage';
import { contentTexts } from '../building/estimate.ts';
import { type Fields, fieldsOf, textOf } from '../building/values.ts';
import type { ClaudeLine } from './line.ts';
import { keepTime } from './user-line.ts';

const MESSAGE_CHARACTERS = 500;
const WORD_CHARACTERS = 100;

/** The error of an answer that the program wrote in the place of the model's, when it gave up. */
export function answerError(fields: Fields): SessionError {
  const text = contentTexts(fieldsOf(fields.message).content).join('\n').slice(0, MESSAGE_CHARACTERS);
  const status = statusOf(fields.apiErrorStatus) ?? /(?:^|· )API Error:? \(?(\d{3})\b/.exec(text)?.[1];
  const type = /"type":\s*"(\w+_error)"/.exec(text)?.[1];
  return { type: status ?? type ?? textOf(fields.error), message: text };
}

export function isApiError({ subtype }: Fields): boolean {
  return subtype === 'api_error' || subtype === 'api_retry';
}

/**
 * An attempt that the provider refused and the program repeated: a call that failed, and used nothing. Printed, it has another name, and tells
 * the error in a word.
 */
export function takeApiError(line: ClaudeLine): void {
  const word = textOf(line.fields.error)?.slice(0, WORD_CHARACTERS) ?? null;
  const error = fieldsOf(line.fields.error);
  // The provider's own error lies inside the client's, one or two levels down.
  const inner = fieldsOf(fieldsOf(error.error).error ?? error.error);
  const cause = fieldsOf(line.fields.cause ?? error.cause ?? error.connection);
  const message = textOf(inner.message) ?? textOf(error.message) ?? textOf(cause.message) ?? word ?? '';
  const status = statusOf(error.status) ?? statusOf(line.fields.error_status) ?? /^(\d{3})\b/.exec(message)?.[1];
  keepTime(line);
  line.draft.call({
    callId: line.uuid,
    atMs: line.atMs,
    sequence: line.sequence,
    subagent: line.subagent,
    provider: null,
    model: null,
    askedAtMs: null,
    askedBy: line.parentUuid,
    beganAtMs: line.atMs,
    status: 'failed',
    error: {
      type: status ?? textOf(inner.type) ?? textOf(cause.code) ?? word,
      message: message.slice(0, MESSAGE_CHARACTERS),
    },
    stopReason: null,
    usage: NO_TOKENS,
    rawUsage: null,
    besides: [],
    reportedCostUsd: null,
    serviceTier: null,
    contextWindow: null,
  });
}

function statusOf(value: unknown): string | null {
  return Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 999 ? String(value) : null;
}
