import { TaskRecord, Token } from '@tracepost/contracts';
import Type from 'typebox';
import { sendProblem } from '../http/answers.ts';
import { traceOf } from '../http/request-trace.ts';
import type { GatewayServer } from '../http/server.ts';
import { TASK_EXAMPLE } from '../openapi/examples.ts';
import { refuseMissing } from '../tasks/asked.ts';
import { readWaitSeconds } from '../tasks/prefer-wait.ts';
import type { TaskReader } from '../tasks/task-reader.ts';

export interface TaskRouteOptions {
  readonly tasks: TaskReader;
  /** Aborted when the gateway stops: those who wait get what is known. */
  readonly stopping: AbortSignal;
}

const MAX_WAITING = 1_000;

/** `GET /api/v1/tasks/{taskId}`, at once or, with `Prefer: wait=20`, when the task has ended. */
export function addTaskRoute(app: GatewayServer, { tasks, stopping }: TaskRouteOptions): void {
  let waiting = 0;

  app.get(
    '/api/v1/tasks/:taskId',
    {
      schema: {
        summary: 'The record of a task',
        description: '`Prefer: wait=20` holds the answer until the task has ended, at most 60 seconds (RFC 7240).',
        tags: ['tasks'],
        params: Type.Object({ taskId: Token }),
        response: { 200: TaskRecord },
        'x-tracepost': {
          problems: ['TASK_NOT_FOUND', 'RECORDS_UNAVAILABLE'],
          requestHeaders: ['Prefer'],
          answerHeaders: ['Preference-Applied'],
          answerExample: TASK_EXAMPLE,
        },
      },
    },
    async (request, reply) => {
      const { taskId } = request.params;
      traceOf(request).taskId = taskId;
      const seconds = readWaitSeconds(request.raw.headers.prefer);
      // Past the limit nobody is turned away: the answer only comes at once, and does not say that it waited.
      const isWaiting = seconds !== null && waiting < MAX_WAITING;
      if (isWaiting) reply.header('preference-applied', `wait=${seconds}`);

      let found: Awaited<ReturnType<TaskReader['find']>>;
      if (isWaiting) {
        waiting++;
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        try {
          found = await tasks.findEnded(taskId, seconds * 1_000, AbortSignal.any([stopping, gone.signal]));
        } finally {
          waiting--;
        }
      } else found = await tasks.find(taskId);

      reply.header('cache-control', 'no-store');
      if (found.status === 'found') return reply.code(200).send(found.record);
      return sendProblem(reply, refuseMissing(found));
    },
  );
}
