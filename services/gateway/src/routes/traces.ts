import { TraceId, TraceView } from '@tracepost/contracts';
import type { TraceReader } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import type { GatewayServer } from '../http/server.ts';
import type { TaskReader } from '../tasks/task-reader.ts';
import { describeTrace } from '../tasks/trace-view.ts';

export interface TraceRouteOptions {
  readonly traces: TraceReader;
  readonly tasks: TaskReader;
  readonly logger: Logger;
}

/** `GET /api/v1/traces/{traceId}`: the spans that have arrived, and whether more will come. */
export function addTraceRoute(app: GatewayServer, { traces, tasks, logger }: TraceRouteOptions): void {
  app.get(
    '/api/v1/traces/:traceId',
    {
      schema: {
        summary: 'A trace',
        description:
          'Of our tasks and of any other program. `complete` is false while a task of it is under way, and while spans are `missing`: those of attempts that are over, and parents of the others, as long as they have not arrived. `truncated`: there are more spans than the first 10,000, which are shown; what else is missing is not told then.',
        tags: ['telemetry'],
        params: Type.Object({ traceId: TraceId }),
        response: { 200: TraceView },
        'x-tracepost': { problems: ['TRACE_NOT_FOUND', 'TRACES_UNAVAILABLE'] },
      },
    },
    async (request, reply) => {
      const { traceId } = request.params;
      const [spans, known] = await Promise.allSettled([
        withDeadline(traces.getTrace(traceId), LIMITS.traceTimeoutMs, 'The trace store'),
        tasks.ofTrace(traceId),
      ]);
      if (spans.status === 'rejected') {
        logger.warn({ layer: 'store', result: 'error', error: spans.reason }, 'The trace store does not answer');
        return sendProblem(reply, {
          code: 'TRACES_UNAVAILABLE',
          detail: 'The trace store does not answer.',
          retryAfterSeconds: 2,
        });
      }
      // Without the record store a trace can still be shown; only whether more will come is then judged by the spans alone.
      const ofTrace = known.status === 'fulfilled' ? known.value : [];
      if (spans.value.length === 0 && ofTrace.length === 0)
        return sendProblem(reply, {
          code: 'TRACE_NOT_FOUND',
          detail: 'No trace with this id is known. Spans arrive a few seconds after the work.',
          retryAfterSeconds: 1,
        });
      reply.header('cache-control', 'no-store');
      return reply.code(200).send(describeTrace({ traceId, spans: spans.value, tasks: ofTrace }));
    },
  );
}
