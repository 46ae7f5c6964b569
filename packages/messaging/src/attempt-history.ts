import type { AttemptHistoryEntry } from '@tracepost/contracts';
import { readTextHeader } from './trace-headers.ts';

/** What a message says of its own attempts, oldest first. */
export const ATTEMPTS_HEADER = 'x-attempts';

const MAX_ENTRIES = 10;
/** What a header is read up to. */
const MAX_LENGTH = 8 * 1024;
const MAX_MESSAGE_LENGTH = 400;
const MAX_WORD_LENGTH = 128;

/** The last ten attempts with their texts cut, fewer when even that is too long: all headers of a message have 64 KiB together. */
export function writeAttemptHistory(attempts: readonly AttemptHistoryEntry[]): string {
  const last = attempts.slice(-MAX_ENTRIES).map(bounded);
  let text = JSON.stringify(last);
  while (text.length > MAX_LENGTH && last.length > 0) {
    last.shift();
    text = JSON.stringify(last);
  }
  return text;
}

/** Empty when there is none, or when what stands there is something else: anybody can publish. Never throws. */
export function readAttemptHistory(headers: Readonly<Record<string, unknown>>): AttemptHistoryEntry[] {
  const text = readTextHeader(headers, ATTEMPTS_HEADER);
  if (text === undefined) return [];
  try {
    const content: unknown = JSON.parse(text);
    return Array.isArray(content) ? content.slice(-MAX_ENTRIES).filter(isEntry).map(bounded) : [];
  } catch {
    return [];
  }
}

function bounded({ number, startedAt, endedAt, workerId, error }: AttemptHistoryEntry): AttemptHistoryEntry {
  return {
    number,
    startedAt,
    endedAt,
    workerId: workerId.slice(0, MAX_WORD_LENGTH),
    error: error && { code: error.code.slice(0, MAX_WORD_LENGTH), message: error.message.slice(0, MAX_MESSAGE_LENGTH) },
  };
}

function isEntry(value: unknown): value is AttemptHistoryEntry {
  if (!isObject(value)) return false;
  const { number, startedAt, endedAt, workerId, error } = value;
  return (
    Number.isSafeInteger(number) &&
    (number as number) > 0 &&
    isTime(startedAt) &&
    (endedAt === null || isTime(endedAt)) &&
    typeof workerId === 'string' &&
    (error === null || (isObject(error) && typeof error.code === 'string' && typeof error.message === 'string'))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value);
}
