import type { TaskEvent } from '@tracepost/contracts';
import type { EventPublisher } from '@tracepost/messaging';
import type { Logger } from '@tracepost/telemetry';

/** Tells the others of an accepted task without anybody waiting for it. */
export interface AcceptedAnnouncer {
  announce(event: TaskEvent): void;
  /** Waits for what is under way, at most `deadlineMs`. */
  drain(deadlineMs: number): Promise<void>;
}

/** Events of a few milliseconds leave together: one write to the broker instead of one each. */
const GATHER_MS = 3;

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
  const waiting: TaskEvent[] = [];
  let isGathering = false;
  let underWay = 0;
  let onIdle: (() => void) | null = null;
  let lost = 0;
  let toldAt = 0;

  const settle = (): void => {
    underWay--;
    if (underWay === 0) onIdle?.();
  };
  const fail = (taskId: string, reason: string): void => {
    lost++;
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

  const publish = (event: TaskEvent): void => {
    events
      .publishTaskEvent(event)
      .then((outcome) => {
        if (outcome.status !== 'confirmed')
          fail(event.task.taskId, 'reason' in outcome ? outcome.reason : outcome.status);
      })
      .catch((error: unknown) => fail(event.task.taskId, String(error)))
      .finally(settle);
  };
  const flush = (): void => {
    isGathering = false;
    for (const event of waiting.splice(0)) publish(event);
  };

  return {
    announce(event) {
      underWay++;
      waiting.push(event);
      if (isGathering) return;
      isGathering = true;
      setTimeout(flush, GATHER_MS);
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
