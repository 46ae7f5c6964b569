import type { TaskEvent } from '@tracepost/contracts';
import { type ClaimRequest, type InboxStore, RecordsRefusedError } from '@tracepost/stores';
import { columnText } from '../column-text.ts';
import { jsonText } from '../json-text.ts';
import type { InboxTable } from '../schema.ts';
import { epochMs } from '../task-row.ts';
import { failedText } from './failed-attempts.ts';
import { beginningText } from './lost-attempts.ts';

const DAY_MS = 24 * 3_600_000;
export const PAYLOAD_KEPT_MS = 7 * DAY_MS;
/** As long as task records. */
export const ENDING_KEPT_MS = 90 * DAY_MS;
/** What the broker takes at most; more than that was never a message. */
const MAX_BODY_BYTES = 16 * 1024 ** 2;

/** Any values: from this row the statements are made. */
export const SAMPLE_ROW: InboxTable = {
  task_id: '',
  agent_id: '',
  state: 'running',
  attempt: 1,
  attempt_number: 1,
  crashes: 0,
  beginning: '',
  lost: '',
  failed: '',
  copy: '',
  worker_id: '',
  generation: 1,
  is_redelivered: 0,
  expires_at_ms: 0,
  is_cancel_requested: 0,
  ending: '',
  begun_at_ms: 0,
  changed_at_ms: 0,
  purge_at_ms: 0,
  properties: '',
  body: new Uint8Array(),
};

export function claimRow(request: ClaimRequest): InboxTable {
  const { body, properties } = request.payload;
  if (body.length > MAX_BODY_BYTES) {
    throw new RecordsRefusedError(`A payload of ${body.length} bytes is not kept; at most ${MAX_BODY_BYTES} are.`);
  }
  return {
    ...blankRow(request.taskId, request.agentId, request.nowMs),
    state: 'running',
    attempt: request.attempt,
    attempt_number: request.attempt,
    beginning: beginningText(request),
    copy: columnText(request.copy),
    worker_id: columnText(request.workerId),
    generation: 1,
    is_redelivered: request.isRedelivered ? 1 : 0,
    expires_at_ms: request.expiresAtMs,
    purge_at_ms: request.nowMs + PAYLOAD_KEPT_MS,
    properties: jsonText(properties),
    // A copy of its own: what goes to the thread of SQLite would otherwise take the whole network buffer along.
    body: new Uint8Array(body),
  };
}

export function waitingRow(claim: Parameters<InboxStore['awaitRetry']>[0]): InboxTable {
  const { taskId, generation, nextAttempt: attempt, event } = claim;
  return { ...blankRow(taskId, '', Date.now()), state: 'waiting', generation, attempt, failed: failedText(event) };
}

export function endedRow(taskId: string, generation: number | null, event: TaskEvent): InboxTable {
  return {
    ...blankRow(taskId, event.task.agentId, epochMs(event.at)),
    state: 'ended',
    generation: generation ?? 0,
    ending: jsonText(event),
  };
}

function blankRow(taskId: string, agentId: string, nowMs: number): InboxTable {
  return {
    task_id: columnText(taskId),
    agent_id: columnText(agentId),
    state: 'ended',
    attempt: 0,
    attempt_number: 0,
    crashes: 0,
    beginning: null,
    lost: '',
    failed: '',
    copy: '',
    worker_id: '',
    generation: 0,
    is_redelivered: 0,
    expires_at_ms: 0,
    is_cancel_requested: 0,
    ending: null,
    begun_at_ms: nowMs,
    changed_at_ms: nowMs,
    purge_at_ms: nowMs + ENDING_KEPT_MS,
    properties: null,
    body: null,
  };
}
