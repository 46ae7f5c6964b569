import type { AttemptHistoryEntry, DeadLetterDetail, DeadLetterView, TaskRecord } from '@tracepost/contracts';
import type { DeadLetter } from '@tracepost/stores';
import { redactAttributes, redactText } from '@tracepost/telemetry';

/** A larger one is cut for the answer; `bytes` says how large it is, and a re-queue sends it whole. */
const MAX_BODY_CHARACTERS = 256 * 1024;

export function viewLetter(letter: DeadLetter): DeadLetterView {
  const { taskId, queue, agentId, notificationType, reason, error, deadAt, attempts, traceId, body } = letter;
  return {
    taskId,
    queue,
    agentId,
    notificationType,
    reason,
    error,
    deadAt,
    bytes: body.length,
    attempts: [...attempts],
    traceId,
  };
}

/** With headers and body, masked as everything is that leaves a process; and with the attempts that only the record knows of. */
export function openLetter(letter: DeadLetter, record: TaskRecord | null): DeadLetterDetail {
  return {
    ...viewLetter(letter),
    attempts: mergeAttempts(letter.attempts, record),
    headers: redactAttributes(letter.headers as Parameters<typeof redactAttributes>[0]),
    body: redactBody(letter.body.toString('utf8')).slice(0, MAX_BODY_CHARACTERS),
  };
}

/** The message tells of attempts that failed; of one that ended with the death of its worker only the record knows. */
function mergeAttempts(told: readonly AttemptHistoryEntry[], record: TaskRecord | null): AttemptHistoryEntry[] {
  const numbers = new Set(told.map(({ number }) => number));
  const others = (record?.attempts ?? []).filter(({ number }) => !numbers.has(number));
  const added = others.map(({ number, startedAt, endedAt, workerId, error }) => ({
    number,
    startedAt,
    endedAt,
    workerId,
    error: error && { code: error.code, message: error.message },
  }));
  return [...told, ...added].sort((a, b) => a.number - b.number);
}

function redactBody(text: string): string {
  try {
    const content: unknown = JSON.parse(text);
    if (typeof content !== 'object' || content === null) return redactText(text);
    const masked = redactAttributes({ content } as Parameters<typeof redactAttributes>[0]);
    return JSON.stringify(masked.content);
  } catch {
    return redactText(text);
  }
}
