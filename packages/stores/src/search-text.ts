import type { TaskRecord } from '@tracepost/contracts';

/** Most characters of a task that a search looks through. */
export const MAX_SEARCH_TEXT = 4_000;

/** What `TaskQuery.text` is looked for in: ids, error, and the words, names and numbers of the result. */
export function searchTextOf(record: TaskRecord): string {
  const { taskId, correlationId, sessionId, traceId, parentTaskId, retryOf, idempotencyKey, error, result } = record;
  const ids = [taskId, correlationId, sessionId, traceId, parentTaskId, retryOf, idempotencyKey];
  const pieces = [...ids, error?.code, error?.message].filter((piece) => piece !== null && piece !== undefined);
  addWords(pieces, result, MAX_SEARCH_TEXT);
  // Between two pieces stands what nobody searches for, so that no match goes across.
  return searchText(pieces.join('\n')).slice(0, MAX_SEARCH_TEXT).toWellFormed();
}

/** A text as it is compared: in lower case, and without what a column would refuse. */
export function searchText(text: string): string {
  return text.toLowerCase().replaceAll('\0', '\ufffd').toWellFormed();
}

const MAX_DEPTH = 50;

/** Names and values, in their order, until there is no more room. Gives how much is left of it. */
function addWords(pieces: string[], value: unknown, room: number, depth = 0): number {
  if (room <= 0 || depth > MAX_DEPTH || value === null || value === undefined) return room - 1;
  if (typeof value !== 'object') {
    const word = String(value).slice(0, room);
    pieces.push(word);
    return room - word.length - 1;
  }
  let left = room - 1;
  for (const name in value) {
    if (left <= 0) break;
    if (!Array.isArray(value)) left = addWords(pieces, name, left);
    left = addWords(pieces, (value as Record<string, unknown>)[name], left, depth + 1);
  }
  return left;
}
