import {
  type AgentAnnouncement,
  type AttemptFacts,
  type TaskEvent,
  type TaskEventKind,
  type TaskSummary,
  taskEventId,
} from '@tracepost/contracts';
import {
  agentTopology,
  type Broker,
  buildNotificationMessage,
  createEventPublisher,
  deadLetterQueueName,
  eventsTopology,
  writeAttemptHistory,
} from '@tracepost/messaging';

export const RECORDED_AGENT = 'recorded';

/** The tasks of the vectors by what became of them. */
export const TASKS = {
  succeeded: 'vector-succeeded',
  recovered: 'vector-recovered',
  failed: 'vector-failed',
  timedOut: 'vector-timed-out',
  dead: 'vector-dead',
  cancelled: 'vector-cancelled',
  child: 'vector-child',
  partial: 'vector-partial',
} as const;

/** Trace of the task that succeeded: spans and lines of it are among the recorded signals. */
export const TASK_TRACE = '0af7651916cd43dd8448eb211c80319c';
export const ATTEMPT_SPAN = 'b7ad6b7169203331';

const WORKER = 'worker-of-the-vectors';

/**
 * Tells both brokers of the same lives of tasks, `atMs` being the first one's beginning: out of order and some of it twice, as a broker
 * that was interrupted would. Resolves when all of it is confirmed.
 */
export async function publishRecordedTasks(broker: Broker, atMs: number): Promise<void> {
  await broker.declare(eventsTopology());
  await broker.declare(agentTopology(RECORDED_AGENT));
  const events = createEventPublisher({ broker });
  const confirmed = [await events.publishAnnouncement(announcement(atMs))];
  for (const event of disordered(recordedTaskEvents(atMs))) confirmed.push(await events.publishTaskEvent(event));
  confirmed.push(await broker.publish(deadLetter(atMs)));
  const bad = confirmed.find(({ status }) => status !== 'confirmed');
  if (bad) throw new Error(`The broker did not take an event of the vectors: ${JSON.stringify(bad)}`);
}

export function recordedTaskEvents(atMs: number): TaskEvent[] {
  const life = (taskId: string, minute: number, said: Partial<TaskSummary> = {}) => lifeOf(taskId, atMs, minute, said);
  const succeeded = life(TASKS.succeeded, 0, {
    traceId: TASK_TRACE,
    sessionId: 's-1',
    correlationId: 'order-66',
    source: 'curl',
  });
  const recovered = life(TASKS.recovered, 1, { priority: 'high', sessionId: 's-1' });
  const failed = life(TASKS.failed, 2);
  const timedOut = life(TASKS.timedOut, 3);
  const dead = life(TASKS.dead, 4);
  const cancelled = life(TASKS.cancelled, 5);
  const child = life(TASKS.child, 6, { parentTaskId: TASKS.succeeded, correlationId: 'order-66' });
  const partial = life(TASKS.partial, 7, { retryOf: TASKS.failed });
  const toolError = { code: 'tool_error', message: 'The tool did not answer to ann@example.org' };
  return [
    succeeded('accepted', 0),
    succeeded('started', 3, { attempt: attempt(1, 3) }),
    succeeded('progress', 10, { attempt: attempt(1, 3), step: 'reading the forecast' }),
    succeeded('succeeded', 55, {
      attempt: attempt(1, 3, 55, ATTEMPT_SPAN),
      result: { text: 'olá', list: [1, 2.5, null], nested: { deep: true } },
      usage: usage({ inputTokens: 500, outputTokens: 100, modelCalls: 1, toolCalls: 2, costUsd: 0.000097 }),
    }),

    recovered('accepted', 0),
    recovered('started', 10, { attempt: attempt(1, 10) }),
    recovered('attempt_failed', 60, { attempt: attempt(1, 10, 60), error: toolError, retryInMs: 1_000 }),
    recovered('started', 1_060, { attempt: { ...attempt(2, 1_060), backOffMs: 1_000 } }),
    recovered('succeeded', 1_101.7, {
      attempt: { ...attempt(2, 1_060, 1_101), backOffMs: 1_000 },
      result: 'a text alone',
      usage: usage({ toolCalls: 3, costUsd: 0.25 }),
    }),

    failed('accepted', 0),
    failed('started', 5, { attempt: attempt(1, 5) }),
    failed('failed', 25, {
      attempt: attempt(1, 5, 25),
      error: { ...toolError, stack: 'Error: no\n    at tool (file.ts:1:1)' },
      stopReason: 'tool_error',
    }),

    timedOut('accepted', 0),
    timedOut('started', 5, { attempt: attempt(1, 5) }),
    timedOut('timed_out', 30_005, {
      attempt: attempt(1, 5, 30_005),
      error: { code: 'timeout', message: 'Longer than 30000 ms' },
      stopReason: 'timeout',
    }),

    dead('accepted', 0),
    dead('started', 1, { attempt: attempt(1, 1) }),
    dead('dead', 5_000, {
      error: { code: 'worker_crashed', message: 'The process died with it' },
      stopReason: 'worker_crashed',
    }),

    cancelled('accepted', 0),
    cancelled('cancelled', 400, { stopReason: 'cancelled' }),

    child('accepted', 0),
    child('started', 2, { attempt: attempt(1, 2) }),
    child('succeeded', 12, { attempt: attempt(1, 2, 12), result: null, usage: usage({ unpricedCalls: 1 }) }),

    partial('accepted', 0),
    partial('started', 2, { attempt: attempt(1, 2) }),
    partial('succeeded', 2_002, {
      attempt: attempt(1, 2, 2_002),
      result: { images: [{ ok: true }, { error: 'unreadable' }] },
      partial: true,
      usage: usage({ costUsd: 1.000000000001 }),
    }),
  ];

  function attempt(
    number: number,
    startedAfterMs: number,
    endedAfterMs?: number,
    spanId: string | null = null,
  ): AttemptOffsets {
    return { number, startedAfterMs, endedAfterMs, spanId };
  }
}

interface AttemptOffsets {
  readonly number: number;
  readonly startedAfterMs: number;
  readonly endedAfterMs: number | undefined;
  readonly spanId: string | null;
  readonly backOffMs?: number;
}

type Said = Omit<Partial<TaskEvent>, 'attempt'> & { readonly attempt?: AttemptOffsets };

function lifeOf(taskId: string, atMs: number, minute: number, summary: Partial<TaskSummary>) {
  const acceptedMs = atMs + minute * 60_000;
  const isoAt = (offsetMs: number): string => new Date(acceptedMs + offsetMs).toISOString();
  const task: TaskSummary = {
    taskId,
    agentId: RECORDED_AGENT,
    notificationType: 'recorded.work',
    tenantId: 'default',
    priority: 'normal',
    acceptedAt: isoAt(0),
    source: null,
    sessionId: null,
    correlationId: null,
    traceId: null,
    parentTaskId: null,
    ...summary,
  };
  return (kind: TaskEventKind, offsetMs: number, { attempt, ...said }: Said = {}): TaskEvent => ({
    eventId: taskEventId(taskId, attempt?.number ?? 0, kind),
    kind,
    at: isoAt(offsetMs),
    by: attempt ? WORKER : 'gateway',
    task,
    ...(attempt ? { attempt: factsOf(attempt, isoAt) } : {}),
    ...said,
  });
}

function factsOf(attempt: AttemptOffsets, isoAt: (offsetMs: number) => string): AttemptFacts {
  const { number, startedAfterMs, endedAfterMs, spanId, backOffMs } = attempt;
  return {
    number,
    startedAt: isoAt(startedAfterMs),
    queueWaitMs: number === 1 ? startedAfterMs + 0.25 : 0,
    workerId: WORKER,
    spanId,
    ...(endedAfterMs === undefined
      ? {}
      : { endedAt: isoAt(endedAfterMs), runMs: endedAfterMs - startedAfterMs + 0.125 }),
    ...(backOffMs === undefined ? {} : { backOffMs }),
  };
}

function usage(said: Partial<NonNullable<TaskEvent['usage']>>): NonNullable<TaskEvent['usage']> {
  return {
    ...{
      inputTokens: 0,
      outputTokens: 0,
      cacheReadTokens: 0,
      modelCalls: 0,
      toolCalls: 0,
      costUsd: 0,
      unpricedCalls: 0,
    },
    ...said,
  };
}

function announcement(atMs: number): AgentAnnouncement {
  return {
    agentId: RECORDED_AGENT,
    description: 'An agent of which only the recordings are left',
    version: '1.2.3',
    workerId: WORKER,
    capacity: 7,
    // It does not work any more: a silent one would change its state while it is compared.
    state: 'stopped',
    at: new Date(atMs).toISOString(),
    notificationTypes: [
      {
        type: 'recorded.work',
        description: 'Whatever was recorded',
        schema: { type: 'object', properties: { text: { type: 'string' } } },
      },
    ],
  };
}

/** Neighbours change places, and every third comes once more at the end. */
function disordered<T>(events: readonly T[]): T[] {
  const swapped = events.flatMap((event, at) => {
    if (at % 2 === 1) return [];
    const next = events[at + 1];
    return next === undefined ? [event] : [next, event];
  });
  return [...swapped, ...events.filter((_, at) => at % 3 === 0)];
}

/** As a worker puts a message aside whose task it has given up. */
function deadLetter(atMs: number) {
  const iso = (afterMs: number): string => new Date(atMs + 240_000 + afterMs).toISOString();
  const message = buildNotificationMessage(
    {
      agentId: RECORDED_AGENT,
      taskId: TASKS.dead,
      notificationType: 'recorded.work',
      data: { text: 'given up' },
      source: 'vectors',
      correlationId: 'order-67',
      sessionId: null,
      tenantId: 'default',
      priority: 'normal',
      timeoutMs: null,
      budget: null,
      parentTaskId: null,
      depth: 0,
    },
    { now: atMs + 240_000, traceHeaders: { traceparent: `00-${TASK_TRACE}-${ATTEMPT_SPAN}-01` } },
  );
  const error = { code: 'worker_crashed', message: 'The process died with it' };
  const attempts = [{ number: 1, startedAt: iso(1), endedAt: iso(5_000), workerId: WORKER, error }];
  const headers = {
    ...message.headers,
    'x-dead-reason': 'worker_crashed',
    'x-attempt': 1,
    'x-attempts': writeAttemptHistory(attempts),
  };
  return { ...message, exchange: '', routingKey: deadLetterQueueName(RECORDED_AGENT), mandatory: true, headers };
}
