import type { TaskEvent } from '@tracepost/contracts';
import type { EventPublisher } from '@tracepost/messaging';
import type { Logger } from '@tracepost/telemetry';

/** Tells the others of an accepted task without anybody waiting for it. */
export interface AcceptedAnnouncer {
  announce(event: TaskEvent): void;
  /** Waits for what is under way, at most `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
}

/** Events of a few milliseconds leave together, one message an agent: the broker's work is counted in messages. */
const GATHER_MS = 10;
const MOST_EVENTS = 100;

/**
 * The message itself is confirmed, and `started` carries the summary too: a lost `task.accepted` delays a record, it loses none.
 * So it is tried once, and a failure is told in the log, at most one line a second.
 */
export function createAcceptedAnnouncer({
  events,
  logger,
}: {
  readonly events: EventPublisher;
  readonly logger: Logger;
}): AcceptedAnnouncer {
  const waiting = new Map<string, TaskEvent[]>();
  let underWay = 0;
  let onIdle: (() => void) | null = null;
  let lost = 0;
  let toldAt = 0;

  const settle = (count: number): void => {
    underWay -= count;
    if (underWay === 0) onIdle?.();
  };
  const fail = (taskId: string, count: number, reason: string): void => {
    lost += count;
    const now = Date.now();
    if (now - toldAt < 1_000) return;
    toldAt = now;
    logger.warn(
      {
        layer: 'gateway',
        phase: 'hop',
        hopName: 'announce',
        hopResult: 'failed',
        result: 'error',
        taskId,
        reason,
        lost,
      },
      'task.accepted was not confirmed: the record of the task begins when a worker starts it',
    );
  };

  const publish = (batch: readonly [TaskEvent, ...TaskEvent[]]): void => {
    const [{ task }] = batch;
    events
      .publishTaskEvents(batch)
      .then((outcome) => {
        if (outcome.status === 'confirmed') return;
        fail(task.taskId, batch.length, 'reason' in outcome ? outcome.reason : outcome.status);
      })
      .catch((error: unknown) => fail(task.taskId, batch.length, String(error)))
      .finally(() => settle(batch.length));
  };
  const flush = (agentId: string): void => {
    const [first, ...others] = waiting.get(agentId) ?? [];
    waiting.delete(agentId);
    if (first) publish([first, ...others]);
  };
  return {
    announce(event) {
      underWay++;
      const { agentId } = event.task;
      const gathered = waiting.get(agentId);
      if (gathered) {
        gathered.push(event);
        if (gathered.length >= MOST_EVENTS) flush(agentId);
        return;
      }
      waiting.set(agentId, [event]);
      setTimeout(() => flush(agentId), GATHER_MS);
    },
    async drain(deadlineMs) {
      if (underWay === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      onIdle = resolve;
      const timer = setTimeout(resolve, deadlineMs);
      await promise;
      clearTimeout(timer);
    },
  };
}
