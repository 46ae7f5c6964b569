import { context } from '@opentelemetry/api';
import { isEnded, type RetryAccepted, type TaskRecord } from '@tracepost/contracts';
import { agentQueueName, type NotificationPublisher, type OutgoingNotification } from '@tracepost/messaging';
import type { DeadLetterStore, InboxStore } from '@tracepost/stores';
import { type Logger, randomHex } from '@tracepost/telemetry';
import type { KnownAgents } from '../agents/known-agents.ts';
import { withDeadline } from '../deadline.ts';
import { LIMITS } from '../http/limits.ts';
import { describeOutcome, isAccepted } from '../notify/describe-outcome.ts';
import { buildAcceptedEvent } from './accepted-event.ts';
import type { AcceptedAnnouncer } from './announce-accepted.ts';
import { type Asked, type Asker, done, recordsAway, refused, refuseMissing } from './asked.ts';
import type { AuditTrail } from './audit-trail.ts';
import { type KeptNotification, readKeptLetter, readKeptPayload } from './kept-notification.ts';
import { followRetries } from './retry-chain.ts';
import type { TaskMemory } from './task-memory.ts';
import type { TaskReader } from './task-reader.ts';

/** What sending an old notification again may be refused with. */
export const REPEAT_PROBLEMS = [
  'AGENT_NOT_FOUND',
  'BROKER_UNREACHABLE',
  'CONFIRM_MISSING',
  'MESSAGE_UNREADABLE',
  'OUTBOX_FULL',
  'OUTBOX_UNAVAILABLE',
  'PAYLOAD_FORGOTTEN',
  'QUEUE_FULL',
  'QUEUE_MISSING',
  'RECORDS_UNAVAILABLE',
  'RETRIED_TOO_OFTEN',
] as const;

/**
 * Does an ended task again, as a new one. Asked again before the new one has ended, the answer is the same one. A dead letter of the
 * task is removed once the new one is accepted, also one that has not come yet: its message lives on there, and whoever re-queued it later would do the work a third time.
 */
export interface TaskRetrier {
  retry(taskId: string, asker: Asker): Promise<Asked<RetryAccepted>>;
  /** The same for what lies in the dead letters, whether a record of its task is known or not. */
  requeue(letter: { readonly agentId: string; readonly taskId: string }, asker: Asker): Promise<Asked<RetryAccepted>>;
}

export interface TaskRetrierOptions {
  readonly tasks: TaskReader;
  readonly inbox: Pick<InboxStore, 'payloadOf'>;
  readonly deadLetters: Pick<DeadLetterStore, 'get' | 'forget'>;
  readonly publisher: NotificationPublisher;
  readonly memory: TaskMemory;
  readonly announcer: AcceptedAnnouncer;
  readonly known: Pick<KnownAgents, 'restoreQueue'>;
  readonly trail: AuditTrail;
  readonly logger: Logger;
}

const EVENT_BYTES = 800;

interface Repetition {
  readonly taskId: string;
  readonly agentId: string;
  /** Reads what has to be sent again, or says why it cannot be. */
  readonly read: () => Promise<Asked<KeptNotification>>;
  readonly asker: Asker;
}

export function createTaskRetrier(options: TaskRetrierOptions): TaskRetrier {
  const { tasks, inbox, deadLetters, publisher, memory, announcer, known, trail, logger } = options;

  const send = async (notification: OutgoingNotification, asker: Asker): Promise<Asked<RetryAccepted>> => {
    const acceptedAt = new Date().toISOString();
    const outcome = await context.with(asker.context, publisher.publish, publisher, notification);
    if (!isAccepted(outcome)) {
      if (outcome.status === 'unroutable') known.restoreQueue(notification.agentId);
      return refused(describeOutcome(outcome, notification));
    }
    const event = buildAcceptedEvent(notification, { traceId: asker.traceId, acceptedAt });
    memory.apply(event, EVENT_BYTES);
    announcer.announce(event);
    return done(answerOf({ ...notification, traceId: asker.traceId }));
  };

  const repeat = async ({ taskId, agentId, read, asker }: Repetition): Promise<Asked<RetryAccepted>> => {
    const chain = await followRetries(tasks, taskId);
    if (chain.status === 'refused') return chain;
    if (chain.status === 'under_way') return done(answerOf(chain.record));
    const kept = await read();
    if (kept.status === 'refused') return kept;
    const correlationId = kept.answer.correlationId ?? asker.correlationId;
    // Whoever asks at the same time elsewhere publishes another copy of the same task.
    const named = { agentId, taskId: chain.nextId, correlationId, retryOf: taskId, copy: randomHex(16) };
    return send({ ...kept.answer, ...named }, asker);
  };

  const readPayload = async (record: TaskRecord): Promise<Asked<KeptNotification>> => {
    const { taskId, agentId } = record;
    const payload = await withDeadline(inbox.payloadOf(taskId), LIMITS.storeTimeoutMs, 'The inbox');
    if (payload) return readable(readKeptPayload(payload, record));
    const letter = await findLetter(agentId, taskId);
    return letter ? readable(readKeptLetter(letter)) : refused(FORGOTTEN);
  };

  const findLetter = (agentId: string, taskId: string) =>
    withDeadline(deadLetters.get(agentQueueName(agentId), taskId), LIMITS.storeTimeoutMs, 'The dead letters');

  const forgetLetter = (agentId: string, taskId: string, deadAt: string) =>
    withDeadline(
      deadLetters.forget(agentQueueName(agentId), taskId, deadAt),
      LIMITS.storeTimeoutMs,
      'The dead letters',
    );

  /** A store that does not answer is a refusal, not an accident. */
  const guarded = async (taskId: string, work: () => Promise<Asked<RetryAccepted>>): Promise<Asked<RetryAccepted>> => {
    try {
      return await work();
    } catch (error) {
      logger.warn({ layer: 'store', result: 'error', taskId, error }, 'What should be repeated cannot be read');
      return refused(recordsAway('The store that keeps what would be repeated does not answer; ask again.'));
    }
  };

  return {
    retry: (taskId, asker) =>
      guarded(taskId, async () => {
        const found = await tasks.find(taskId);
        if (found.status !== 'found') return refused(refuseMissing(found));
        const { record } = found;
        const { agentId, endedAt } = record;
        if (!isEnded(record.status) || endedAt === null) return refused(notEnded(record));
        const asked = await repeat({ taskId, agentId, asker, read: () => readPayload(record) });
        if (asked.status === 'refused') return asked;
        await forgetLetter(agentId, taskId, endedAt);
        const newTaskId = asked.answer.taskId;
        const fault = await trail.write({ action: 'retry', taskId, agentId, outcome: 'accepted', newTaskId }, asker);
        return fault ? refused(fault) : asked;
      }),
    requeue: ({ agentId, taskId }, asker) =>
      guarded(taskId, async () => {
        const letter = await findLetter(agentId, taskId);
        const read = async () => (letter ? readable(readKeptLetter(letter)) : refused(NO_LETTER));
        const asked = await repeat({ taskId, agentId, asker, read });
        if (asked.status === 'refused') return asked;
        // Where none is left, whoever asked before has removed it.
        if (letter) await forgetLetter(agentId, taskId, letter.deadAt);
        const newTaskId = asked.answer.taskId;
        const facts = { action: 'requeue_dead_letter', taskId, agentId, outcome: 'accepted', newTaskId } as const;
        const fault = await trail.write(facts, asker);
        return fault ? refused(fault) : asked;
      }),
  };
}

function readable(notification: KeptNotification | null): Asked<KeptNotification> {
  return notification ? done(notification) : refused(UNREADABLE);
}

const FORGOTTEN = {
  code: 'PAYLOAD_FORGOTTEN',
  detail: 'The message of this task is not kept any more (seven days, dead letters thirty). Send it again by notify.',
} as const;

const UNREADABLE = {
  code: 'MESSAGE_UNREADABLE',
  detail: 'The message could never be read as a notification, so it would only be given up again. It can be deleted.',
} as const;

export const NO_LETTER = {
  code: 'DEAD_LETTER_NOT_FOUND',
  detail: 'There is no dead letter of this task in this queue; it may have been re-queued, deleted or forgotten.',
} as const;

function notEnded({ status }: TaskRecord) {
  return { code: 'TASK_NOT_ENDED', detail: `The task is ${status}; only one that has ended can be repeated.` } as const;
}

function answerOf(task: {
  readonly taskId: string;
  readonly traceId: string | null;
  readonly correlationId: string | null;
  readonly retryOf?: string | null;
}): RetryAccepted {
  const { taskId, traceId, correlationId, retryOf } = task;
  const link = `/api/v1/tasks/${taskId}`;
  return {
    taskId,
    traceId: traceId ?? '',
    correlationId: correlationId ?? '',
    status: 'accepted',
    links: { task: link, trace: `/api/v1/traces/${traceId ?? ''}`, console: `/tasks/${taskId}` },
    retryOf: retryOf ?? '',
  };
}
