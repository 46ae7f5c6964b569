import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskRecord } from '@tracepost/contracts';

export type WorkKind = 'effect' | 'calls' | 'flaky' | 'permanent' | 'hangs' | 'blocks' | 'dies' | 'kills';

/** What a client was told about one key. `taskId` is null when it gave up without a 202. */
export interface Told {
  readonly key: string;
  readonly kind: WorkKind;
  taskId: string | null;
  /** Task ids of every 202 that came for this key; more than one is a broken promise. */
  readonly taskIds: Set<string>;
  tries: number;
  readonly answers: Record<string, number>;
}

export interface ClientOptions {
  /** Asked before each try: a gateway that was started again may listen elsewhere. */
  readonly url: () => string;
  readonly agentId: string;
  /** How long a client goes on trying with the same key. */
  readonly patienceMs: number;
}

const REQUEST_TIMEOUT_MS = 15_000;
const TIMEOUT_OF: Partial<Record<WorkKind, number>> = { hangs: 1_000, blocks: 1_500 };

/** Sends one notification under its key, again and again until it is accepted or the client's patience is over. */
export async function sendUntilAccepted(
  { url, agentId, patienceMs }: ClientOptions,
  { key, kind, workMs }: { readonly key: string; readonly kind: WorkKind; readonly workMs?: number },
): Promise<Told> {
  const told: Told = { key, kind, taskId: null, taskIds: new Set(), tries: 0, answers: {} };
  const timeoutMs = TIMEOUT_OF[kind];
  const body = JSON.stringify({
    notificationType: `work.${kind}`,
    payload: { key, ...(workMs === undefined ? {} : { workMs }) },
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    told.tries++;
    const answer = await tryOnce(`${url()}/api/v1/agents/${agentId}/notify`, key, body);
    told.answers[answer.word] = (told.answers[answer.word] ?? 0) + 1;
    if (answer.taskId !== null) {
      told.taskIds.add(answer.taskId);
      told.taskId = answer.taskId;
      return told;
    }
    await sleep(answer.retryAfterMs);
  }
  return told;
}

async function tryOnce(
  url: string,
  key: string,
  body: string,
): Promise<{ readonly word: string; readonly taskId: string | null; readonly retryAfterMs: number }> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const content = (await answer.json()) as { taskId?: string; code?: string };
    if (answer.status === 202) return { word: '202', taskId: content.taskId ?? null, retryAfterMs: 0 };
    const seconds = Number(answer.headers.get('retry-after') ?? 1);
    return {
      word: `${answer.status} ${content.code ?? ''}`,
      taskId: null,
      retryAfterMs: Math.min(2_000, seconds * 1_000),
    };
  } catch (error) {
    const { cause, name } = error as { cause?: { code?: string }; name: string };
    return { word: cause?.code ?? name, taskId: null, retryAfterMs: 200 };
  }
}

/** The record of a task; null while the gateway cannot tell. */
export async function readTask(url: string, taskId: string): Promise<TaskRecord | null> {
  try {
    const answer = await fetch(`${url}/api/v1/tasks/${taskId}`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    return answer.status === 200 ? ((await answer.json()) as TaskRecord) : null;
  } catch {
    return null;
  }
}
