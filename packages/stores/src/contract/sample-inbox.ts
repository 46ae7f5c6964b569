import { randomUUID } from 'node:crypto';
import type { AttemptFacts, TaskEvent, TaskEventKind } from '@tracepost/contracts';
import type { ClaimRequest, EffectKey, EndedOutcome } from '../inbox-store.ts';
import { sampleEvent, sampleTask, sampleTime } from './sample-events.ts';

export const NOW_MS = Date.parse(sampleTime(0));

/** A claim of the first attempt at the samples' noon, for a minute. */
export function sampleClaim(said: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    taskId: randomUUID(),
    agentId: 'weather',
    workerId: 'worker-1',
    attempt: 1,
    copy: '1:',
    isRedelivered: false,
    nowMs: NOW_MS,
    expiresAtMs: NOW_MS + 60_000,
    beginning: { startedAt: sampleTime(0), queueWaitMs: 1.5, backOffMs: 1_000, spanId: '00f067aa0ba902b7' },
    payload: {
      body: Buffer.from('{"data":{}}'),
      properties: { type: 'weather.forecast', priority: 4, sessionId: null },
    },
    ...said,
  };
}

/** What is told of the attempt that began with this claim. */
export function sampleLost({ beginning, workerId }: ClaimRequest, number: number): AttemptFacts {
  return { number, ...beginning, workerId };
}

export function sampleEnded(
  event: TaskEvent,
  lostAttempts: readonly AttemptFacts[] = [],
  failedAttempts: readonly TaskEvent[] = [],
): EndedOutcome {
  return { status: 'ended', event, lostAttempts, failedAttempts };
}

/** That an attempt failed and is tried again, for `awaitRetry`. */
export function sampleRetry(taskId: string, generation: number, nextAttempt: number) {
  const event = sampleEnding(taskId, 'attempt_failed', nextAttempt - 1);
  return { taskId, generation, nextAttempt, event };
}

/** How a task ended, or that it was cancelled. `attempt` 0: told by who did not work on it. */
export function sampleEnding(taskId: string, kind: TaskEventKind = 'succeeded', attempt = 1): TaskEvent {
  const number = Math.max(1, attempt);
  const facts = { number, startedAt: sampleTime(0), queueWaitMs: 1, workerId: 'worker-1', spanId: null };
  return sampleEvent(sampleTask({ taskId }), kind, 100, {
    ...(attempt > 0 ? { attempt: facts } : {}),
    result: { said: `${kind} by ${attempt}` },
  });
}

export function sampleEffect(said: Partial<EffectKey> = {}): EffectKey & { taskId: string; at: string } {
  const taskId = randomUUID();
  return { tenantId: 'default', scope: `task:${taskId}`, key: 'send', taskId, at: sampleTime(0), ...said };
}
