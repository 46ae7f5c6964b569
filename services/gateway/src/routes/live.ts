import {
  AgentId,
  TASK_EVENT_KINDS,
  TASK_STATUSES,
  type TaskEvent,
  type TaskEventKind,
  type TaskStatus,
  Token,
} from '@tracepost/contracts';
import Type from 'typebox';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import { type FieldFault, invalidParameter } from '../http/problem.ts';
import { readWords } from '../http/query-list.ts';
import { traceOf } from '../http/request-trace.ts';
import type { GatewayServer } from '../http/server.ts';
import type { EventRing, RingEntry } from '../live/event-ring.ts';
import type { EventStream, EventStreams } from '../live/event-streams.ts';
import { followTask, hasSeenAll } from '../live/follow-task.ts';
import { refuseMissing } from '../tasks/asked.ts';
import type { TaskMemory } from '../tasks/task-memory.ts';
import type { TaskReader } from '../tasks/task-reader.ts';

export interface LiveRouteOptions {
  readonly streams: EventStreams;
  readonly ring: EventRing;
  readonly memory: TaskMemory;
  readonly tasks: TaskReader;
}

const words = (list: readonly string[]) =>
  Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      description: `One or more of ${list.join(', ')}, separated by commas`,
    }),
  );

const LiveQuery = Type.Object(
  { agentId: Type.Optional(AgentId), status: words(TASK_STATUSES), kind: words(TASK_EVENT_KINDS) },
  { additionalProperties: false },
);

/** In the document only: a stream is not serialised. */
const STREAM = {
  description: 'Server-sent events; `data` is a task event as JSON',
  content: { 'text/event-stream': { schema: { type: 'string' } } },
} as const;

/** `GET /api/v1/tasks/{taskId}/events` and `GET /api/v1/live`: what happens, as server-sent events that can be resumed. */
export function addLiveRoutes(app: GatewayServer, { streams, ring, memory, tasks }: LiveRouteOptions): void {
  app.get(
    '/api/v1/tasks/:taskId/events',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'The events of a task',
        description:
          'What has happened, then what happens, until the task has ended; each step once. `Last-Event-ID` goes on behind that step; when it is the ending, the answer is 204.',
        tags: ['tasks'],
        params: Type.Object({ taskId: Token }),
        querystring: Type.Object({}, { additionalProperties: false }),
        response: { 200: STREAM, 204: Type.Null({ description: 'Nothing is to come' }) },
        'x-tracepost': {
          problems: ['TASK_NOT_FOUND', 'RECORDS_UNAVAILABLE', 'TOO_MANY_STREAMS'],
          requestHeaders: ['Last-Event-ID'],
        },
      },
    },
    async (request, reply) => {
      const { taskId } = request.params;
      traceOf(request).taskId = taskId;
      if (streams.isFull) return refuseStream(reply);
      const found = await tasks.find(taskId);
      if (found.status !== 'found') return sendProblem(reply, refuseMissing(found));
      const lastEventId = lastEventIdOf(request.raw.headers['last-event-id']);
      // A client that comes back by itself would do so for ever: 204 is what ends that.
      if (hasSeenAll(found.record, lastEventId)) return reply.code(204).send(null);
      if (streams.isFull) return refuseStream(reply);
      const stream = streams.open(request, reply, { name: 'task' });
      followTask({ stream, record: found.record, lastEventId, memory, tasks });
      return reply;
    },
  );

  app.get(
    '/api/v1/live',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'The events of all tasks, as they happen',
        description:
          'As this gateway hears them. `Last-Event-ID` goes on behind that event; when something may be missing in between, an event `gap` says so first.',
        tags: ['tasks'],
        querystring: LiveQuery,
        response: { 200: STREAM },
        'x-tracepost': { problems: ['TOO_MANY_STREAMS'], requestHeaders: ['Last-Event-ID'] },
      },
    },
    async (request, reply) => {
      const read = readFilter(request.query);
      if ('fault' in read) return sendProblem(reply, invalidParameter(read.fault));
      if (streams.isFull) return refuseStream(reply);
      const stream = streams.open(request, reply, { name: 'live', newestId: ring.newestId });
      followAll(stream, {
        ring,
        isWanted: read.isWanted,
        lastEventId: lastEventIdOf(request.raw.headers['last-event-id']),
      });
      return reply;
    },
  );
}

function followAll(
  stream: EventStream,
  {
    ring,
    isWanted,
    lastEventId,
  }: {
    readonly ring: EventRing;
    readonly isWanted: (event: TaskEvent) => boolean;
    readonly lastEventId: string | undefined;
  },
): void {
  const show = (entry: RingEntry): void => {
    if (entry.gap !== undefined) stream.send({ id: entry.id, event: 'gap', data: { reason: entry.gap } });
    else if (isWanted(entry.event)) stream.send({ id: entry.id, event: entry.event.kind, data: entry.event });
  };
  const { gap, entries } = ring.resume(lastEventId);
  // Without an id of its own: a client that loses its connection right here is told of the gap again.
  if (gap !== null) stream.send({ event: 'gap', data: { reason: gap } });
  for (const entry of entries) show(entry);
  stream.onEnd(ring.subscribe(show));
}

function readFilter(query: Type.Static<typeof LiveQuery>) {
  const { agentId, status, kind } = query;
  const statuses = status === undefined ? null : readWords<TaskStatus>(status, TASK_STATUSES);
  const kinds = kind === undefined ? null : readWords<TaskEventKind>(kind, TASK_EVENT_KINDS);
  const fault = (pointer: string, message: string): { readonly fault: FieldFault } => ({ fault: { pointer, message } });
  if (statuses && 'fault' in statuses) return fault('/status', statuses.fault);
  if (kinds && 'fault' in kinds) return fault('/kind', kinds.fault);
  const isWanted = (event: TaskEvent): boolean =>
    (agentId === undefined || event.task.agentId === agentId) &&
    (kinds === null || kinds.words.includes(event.kind)) &&
    (statuses === null || statuses.words.includes(statusAfter(event.kind)));
  return { isWanted };
}

/** The status that a task has after an event of this kind. */
function statusAfter(kind: TaskEventKind): TaskStatus {
  if (kind === 'started' || kind === 'progress') return 'running';
  if (kind === 'attempt_failed') return 'retrying';
  return kind;
}

function lastEventIdOf(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header.slice(0, 128) : undefined;
}

function refuseStream<R extends Parameters<typeof sendProblem>[0]>(reply: R): R {
  return sendProblem(reply, {
    code: 'TOO_MANY_STREAMS',
    detail: `${LIMITS.streams} event streams are open, which is the most of a gateway.`,
    retryAfterSeconds: 5,
  });
}
