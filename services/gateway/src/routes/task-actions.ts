import { BulkAnswer, BulkRequest, CancelAnswer, RetryAccepted, Token } from '@tracepost/contracts';
import Type from 'typebox';
import { sendProblem } from '../http/answers.ts';
import { reachHop, traceOf } from '../http/request-trace.ts';
import type { GatewayServer } from '../http/server.ts';
import { ACCEPTED_EXAMPLE, TASK_EXAMPLE } from '../openapi/examples.ts';
import type { BulkActions } from '../tasks/bulk-actions.ts';
import type { TaskCanceller } from '../tasks/cancel-task.ts';
import type { TaskRetrier } from '../tasks/retry-task.ts';
import { REPEAT_PROBLEMS } from '../tasks/retry-task.ts';
import { askerOf, OptionalActionRequest } from './asker.ts';

export interface TaskActionOptions {
  readonly canceller: TaskCanceller;
  readonly retrier: TaskRetrier;
  readonly bulk: BulkActions;
}

const OfTask = Type.Object({ taskId: Token });

/** `POST /api/v1/tasks/{taskId}/cancel` and `…/retry`, and both for many tasks at once. */
export function addTaskActionRoutes(app: GatewayServer, { canceller, retrier, bulk }: TaskActionOptions): void {
  app.post(
    '/api/v1/tasks/:taskId/cancel',
    {
      schema: {
        summary: 'Cancel a task',
        description:
          '`cancelled`: it will not begin (again). `requested`: it runs, and its handler is told. `already_ended`: nothing was changed. Asking again is safe.',
        tags: ['tasks'],
        params: OfTask,
        body: OptionalActionRequest,
        response: { 200: CancelAnswer },
        'x-tracepost': {
          problems: ['TASK_NOT_FOUND', 'RECORDS_UNAVAILABLE', 'BROKER_UNREACHABLE'],
          bodyExamples: { 'Said who asks': { by: 'ada' } },
        },
      },
    },
    async (request, reply) => {
      const { taskId } = request.params;
      traceOf(request).taskId = taskId;
      const asked = await canceller.cancel(taskId, askerOf(request, request.body?.by));
      if (asked.status === 'refused') return sendProblem(reply, asked.problem);
      reachHop(traceOf(request), 'cancel', asked.answer.outcome);
      reply.header('cache-control', 'no-store');
      return reply.code(200).send(asked.answer);
    },
  );
  app.post(
    '/api/v1/tasks/:taskId/retry',
    {
      schema: {
        summary: 'Do an ended task again, as a new one',
        description: 'Asked again while the new one has not ended, the answer is the same.',
        tags: ['tasks'],
        params: OfTask,
        body: OptionalActionRequest,
        response: { 202: RetryAccepted },
        'x-tracepost': {
          problems: ['TASK_NOT_ENDED', 'TASK_NOT_FOUND', ...REPEAT_PROBLEMS],
          answerHeaders: ['Location'],
          bodyExamples: { 'Said who asks': { by: 'ada' } },
          answerExample: { ...ACCEPTED_EXAMPLE, retryOf: TASK_EXAMPLE.taskId },
        },
      },
    },
    async (request, reply) => {
      const { taskId } = request.params;
      traceOf(request).taskId = taskId;
      const asked = await retrier.retry(taskId, askerOf(request, request.body?.by));
      if (asked.status === 'refused') return sendProblem(reply, asked.problem);
      reachHop(traceOf(request), 'publish', 'accepted');
      reply.header('location', asked.answer.links.task);
      return reply.code(202).send(asked.answer);
    },
  );
  app.post(
    '/api/v1/tasks/bulk',
    {
      schema: {
        summary: 'Cancel or retry up to 1,000 tasks',
        description:
          'Either `taskIds` or `filter`. A filter that names no status means, for cancel, tasks that have not ended; for retry those that failed, timed out or died. The oldest are taken first; `hasMore` says that there are more.',
        tags: ['tasks'],
        body: BulkRequest,
        response: { 200: BulkAnswer },
        'x-tracepost': {
          problems: ['RECORDS_UNAVAILABLE'],
          bodyExamples: {
            'What failed in an hour, again': {
              action: 'retry',
              filter: { agentId: 'weather', from: '2026-11-21T09:00:00.000Z', to: '2026-11-21T10:00:00.000Z' },
            },
            'These tasks': { action: 'cancel', taskIds: [TASK_EXAMPLE.taskId], by: 'ada' },
          },
        },
      },
    },
    async (request, reply) => {
      const { body } = request;
      if ((body.taskIds === undefined) === (body.filter === undefined))
        return sendProblem(reply, {
          code: 'INVALID_REQUEST',
          detail: 'Name the tasks either by "taskIds" or by "filter". Nothing was done.',
          errors: [{ pointer: '/taskIds', message: 'has to be there when "filter" is not, and not beside it' }],
        });
      const asked = await bulk.run(body, askerOf(request, body.by));
      if (asked.status === 'refused') return sendProblem(reply, asked.problem);
      reachHop(traceOf(request), body.action, 'done');
      reply.header('cache-control', 'no-store');
      return reply.code(200).send(asked.answer);
    },
  );
}
