import { AGENT_ID_PATTERN, DeadLetterDetail, DeadLetterList, RetryAccepted, Token } from '@tracepost/contracts';
import { type DeadLetter, type DeadLetterStore, InvalidCursorError } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import type { AgentDirectory } from '../agents/agent-directory.ts';
import type { KnownAgents } from '../agents/known-agents.ts';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import type { ProblemSpec } from '../http/problem.ts';
import { reachHop, traceOf } from '../http/request-trace.ts';
import type { GatewayServer } from '../http/server.ts';
import { openLetter, viewLetter } from '../queues/dead-letter-view.ts';
import type { AuditTrail } from '../tasks/audit-trail.ts';
import { NO_LETTER, REPEAT_PROBLEMS, type TaskRetrier } from '../tasks/retry-task.ts';
import type { TaskReader } from '../tasks/task-reader.ts';
import { askerOf, OptionalActionRequest } from './asker.ts';
import { Cursor, INVALID_CURSOR, PageLimit } from './page.ts';

export interface DeadLetterRouteOptions {
  readonly agents: Pick<AgentDirectory, 'has'>;
  readonly known: Pick<KnownAgents, 'isLoaded'>;
  readonly deadLetters: DeadLetterStore;
  readonly tasks: TaskReader;
  readonly retrier: TaskRetrier;
  readonly trail: AuditTrail;
  readonly logger: Logger;
}

const OfQueue = Type.Object({ queue: Type.String({ pattern: `^agent\\.${AGENT_ID_PATTERN.slice(1)}` }) });
const OfLetter = Type.Object({ ...OfQueue.properties, taskId: Token });
const Page = Type.Object(
  { limit: Type.Optional(PageLimit), cursor: Type.Optional(Cursor) },
  { additionalProperties: false },
);
const By = Type.Object({ by: Type.Optional(Token) }, { additionalProperties: false });

const DEFAULT_LIMIT = 50;
const OF_LETTER = ['DEAD_LETTER_NOT_FOUND', 'QUEUE_NOT_FOUND', 'RECORDS_UNAVAILABLE'] as const;
const LETTER = '/api/v1/queues/:queue/dead-letters/:taskId';

/** Messages that were given up: listed, opened, sent again, deleted, one by one. */
export function addDeadLetterRoutes(app: GatewayServer, options: DeadLetterRouteOptions): void {
  const { agents, known, deadLetters, tasks, retrier, trail, logger } = options;

  const refuseQueue = (queue: string): ProblemSpec | null => {
    if (agents.has(agentOf(queue))) return null;
    if (!known.isLoaded) return UNAVAILABLE;
    const detail = 'No agent with this queue has ever announced itself. GET /api/v1/queues lists those that have.';
    return { code: 'QUEUE_NOT_FOUND', detail };
  };
  /** What the work gives, or what to answer when the store does not. */
  const asking = async <T>(work: Promise<T>): Promise<{ readonly value: T } | { readonly problem: ProblemSpec }> => {
    try {
      return { value: await withDeadline(work, LIMITS.storeTimeoutMs, 'The dead letters') };
    } catch (error) {
      if (error instanceof InvalidCursorError) return { problem: INVALID_CURSOR };
      logger.warn({ layer: 'store', result: 'error', error }, 'The dead letters cannot be read');
      return { problem: UNAVAILABLE };
    }
  };

  app.get(
    '/api/v1/queues/:queue/dead-letters',
    {
      schema: {
        summary: 'Messages that a queue gave up',
        description: 'Newest first, kept for thirty days. They appear a moment after they were given up.',
        tags: ['queues'],
        params: OfQueue,
        querystring: Page,
        response: { 200: DeadLetterList },
        'x-tracepost': { problems: ['QUEUE_NOT_FOUND', 'RECORDS_UNAVAILABLE'] },
      },
    },
    async (request, reply) => {
      const { queue } = request.params;
      const refusal = refuseQueue(queue);
      if (refusal) return sendProblem(reply, refusal);
      const { limit = DEFAULT_LIMIT, ...rest } = request.query;
      const page = await asking(deadLetters.list({ queue, limit, ...rest }));
      if ('problem' in page) return sendProblem(reply, page.problem);
      reply.header('cache-control', 'no-store');
      const { items, nextCursor } = page.value;
      return reply.code(200).send({ items: items.map(viewLetter), nextCursor });
    },
  );
  app.get(
    LETTER,
    {
      schema: {
        summary: 'A dead letter, opened',
        description: 'With headers, attempts and body; what looks like a secret is masked.',
        tags: ['queues'],
        params: OfLetter,
        response: { 200: DeadLetterDetail },
        'x-tracepost': { problems: OF_LETTER },
      },
    },
    async (request, reply) => {
      const { queue, taskId } = request.params;
      const refusal = refuseQueue(queue);
      if (refusal) return sendProblem(reply, refusal);
      const found = await asking<DeadLetter | null>(deadLetters.get(queue, taskId));
      if ('problem' in found) return sendProblem(reply, found.problem);
      if (!found.value) return sendProblem(reply, NO_LETTER);
      const task = await tasks.find(taskId);
      reply.header('cache-control', 'no-store');
      return reply.code(200).send(openLetter(found.value, task.status === 'found' ? task.record : null));
    },
  );
  app.post(
    `${LETTER}/requeue`,
    {
      schema: {
        summary: 'Send a dead letter again, as a new task',
        description: 'The letter is removed. Asked again while the new task has not ended, the answer is the same.',
        tags: ['queues'],
        params: OfLetter,
        body: OptionalActionRequest,
        response: { 202: RetryAccepted },
        'x-tracepost': { problems: [...OF_LETTER, ...REPEAT_PROBLEMS], answerHeaders: ['Location'] },
      },
    },
    async (request, reply) => {
      const { queue, taskId } = request.params;
      traceOf(request).taskId = taskId;
      const refusal = refuseQueue(queue);
      if (refusal) return sendProblem(reply, refusal);
      const letter = { agentId: agentOf(queue), taskId };
      const asked = await retrier.requeue(letter, askerOf(request, request.body?.by));
      if (asked.status === 'refused') return sendProblem(reply, asked.problem);
      reachHop(traceOf(request), 'publish', 'accepted');
      reply.header('location', asked.answer.links.task);
      return reply.code(202).send(asked.answer);
    },
  );
  app.delete(
    LETTER,
    {
      schema: {
        summary: 'Delete a dead letter',
        tags: ['queues'],
        params: OfLetter,
        querystring: By,
        response: { 204: { description: 'Deleted' } },
        'x-tracepost': { problems: OF_LETTER },
      },
    },
    async (request, reply) => {
      const { queue, taskId } = request.params;
      traceOf(request).taskId = taskId;
      const refusal = refuseQueue(queue);
      if (refusal) return sendProblem(reply, refusal);
      const removed = await asking(deadLetters.remove(queue, taskId));
      if ('problem' in removed) return sendProblem(reply, removed.problem);
      if (!removed.value) return sendProblem(reply, NO_LETTER);
      reachHop(traceOf(request), 'delete', 'done');
      const facts = { action: 'delete_dead_letter', taskId, agentId: agentOf(queue), outcome: 'deleted' } as const;
      const fault = await trail.write(facts, askerOf(request, request.query.by));
      return fault ? sendProblem(reply, fault) : reply.code(204).send();
    },
  );
}

function agentOf(queue: string): string {
  return queue.slice('agent.'.length);
}

const UNAVAILABLE = {
  code: 'RECORDS_UNAVAILABLE',
  detail: 'The store of the dead letters does not answer.',
  retryAfterSeconds: 2,
} as const;
