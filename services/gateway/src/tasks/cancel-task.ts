import {
  type CancelAnswer,
  isEnded,
  NO_USAGE,
  type TaskEvent,
  type TaskRecord,
  type TaskStatus,
  taskEventId,
} from '@tracepost/contracts';
import type { ControlPublisher, EventPublisher, PublishOutcome } from '@tracepost/messaging';
import type { InboxStore } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import { withDeadline } from '../deadline.ts';
import { LIMITS } from '../http/limits.ts';
import { type Asked, type Asker, done, recordsAway, refused, refuseMissing } from './asked.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { TaskMemory } from './task-memory.ts';
import type { TaskReader } from './task-reader.ts';
import { summaryOf } from './task-summary.ts';

export interface TaskCanceller {
  /** Asked again, it answers the same, until the task has ended otherwise. */
  cancel(taskId: string, asker: Asker): Promise<Asked<CancelAnswer>>;
}

export interface TaskCancellerOptions {
  readonly tasks: TaskReader;
  readonly inbox: Pick<InboxStore, 'cancel'>;
  readonly events: EventPublisher;
  readonly control: ControlPublisher;
  readonly memory: TaskMemory;
  readonly trail: AuditTrail;
  readonly logger: Logger;
}

const EVENT_BYTES = 800;

/**
 * The inbox decides, because a worker asks it before every attempt: what has not begun ends there and then, what runs is marked and its
 * workers are told. Its message stays in the queue; whoever takes it finds the ending.
 */
export function createTaskCanceller(options: TaskCancellerOptions): TaskCanceller {
  const { tasks, inbox, events, control, memory, trail, logger } = options;

  const askInbox = async (record: TaskRecord, event: TaskEvent): Promise<Asked<CancelAnswer>> => {
    const { taskId, agentId } = record;
    const outcome = await withDeadline(inbox.cancel({ taskId, event }), LIMITS.storeTimeoutMs, 'The inbox');
    if (outcome.status === 'ended') return done(endedAnswer(taskId, outcome.event.kind as TaskStatus));
    if (outcome.status === 'requested') {
      const told = await control.publish({ action: 'cancel', taskId, agentId, at: event.at, by: event.by });
      return told.status === 'confirmed' ? done({ taskId, outcome: 'requested', status: record.status }) : untold(told);
    }
    memory.apply(outcome.event, EVENT_BYTES);
    const told = await events.publishTaskEvent(outcome.event);
    return told.status === 'confirmed' ? done(endedAnswer(taskId, 'cancelled')) : untold(told);
  };

  const cancelFound = async (record: TaskRecord, by: string): Promise<Asked<CancelAnswer>> => {
    if (isEnded(record.status)) return done(endedAnswer(record.taskId, record.status));
    try {
      return await askInbox(record, cancelledEvent(record, by));
    } catch (error) {
      logger.warn({ layer: 'store', result: 'error', taskId: record.taskId, error }, 'The inbox does not answer');
      return refused(recordsAway('The store that would mark the task as cancelled does not answer; nothing is known.'));
    }
  };

  return {
    async cancel(taskId, asker) {
      const found = await tasks.find(taskId);
      if (found.status !== 'found') return refused(refuseMissing(found));
      const asked = await cancelFound(found.record, asker.by);
      if (asked.status === 'refused') return asked;
      const { agentId } = found.record;
      const fault = await trail.write({ action: 'cancel', taskId, agentId, outcome: asked.answer.outcome }, asker);
      return fault ? refused(fault) : asked;
    },
  };
}

/** A task that was cancelled, by whomever, is what was asked for. */
function endedAnswer(taskId: string, status: TaskStatus): CancelAnswer {
  return { taskId, outcome: status === 'cancelled' ? 'cancelled' : 'already_ended', status };
}

/** The same id whoever asks and however often: it is one ending. */
function cancelledEvent(record: TaskRecord, by: string): TaskEvent {
  return {
    eventId: taskEventId(record.taskId, 0, 'cancelled'),
    kind: 'cancelled',
    at: new Date().toISOString(),
    by,
    task: summaryOf(record),
    usage: { ...NO_USAGE },
    stopReason: 'cancelled',
  };
}

function untold(outcome: PublishOutcome): Asked<never> {
  return refused({
    code: 'BROKER_UNREACHABLE',
    detail: `It is marked: no attempt begins any more. The broker could not be told (${outcome.status}), so what runs runs on, and the record may not say so yet; ask again.`,
    retryAfterSeconds: 2,
  });
}
