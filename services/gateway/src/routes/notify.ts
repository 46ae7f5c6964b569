import { randomBytes } from 'node:crypto';
import { AGENT_ID_PATTERN, NotifyAccepted, NotifyRequest } from '@tracepost/contracts';
import type { OutgoingNotification } from '@tracepost/messaging';
import type { Metrics } from '@tracepost/telemetry';
import Type from 'typebox';
import { type ProblemReply, sendProblem } from '../http/answers.ts';
import { createTaskId } from '../http/ids.ts';
import { LIMITS } from '../http/limits.ts';
import { type ProblemSpec, pointerStep } from '../http/problem.ts';
import { type RequestTrace, reachHop, traceOf } from '../http/request-trace.ts';
import type { GatewayServer } from '../http/server.ts';
import { bodyHash } from '../notify/body-hash.ts';
import type { Idempotency, Turn } from '../notify/idempotency.ts';
import { DEFAULT_TENANT, describeAddressee, NOTIFIER_PROBLEMS, type Notifier } from '../notify/notifier.ts';
import { readIdempotencyKey } from '../notify/read-key.ts';
import type { WaitingRoom } from '../notify/waiting-room.ts';
import { ACCEPTED_EXAMPLE, NOTIFY_EXAMPLES } from '../openapi/examples.ts';

export interface NotifyRouteOptions {
  readonly notifier: Notifier;
  readonly idempotency: Idempotency;
  readonly waiting: WaitingRoom;
  readonly metrics: Metrics;
}

const NOTIFY_PROBLEMS = [
  ...NOTIFIER_PROBLEMS,
  'FIELD_NOT_SUPPORTED',
  'IDEMPOTENCY_KEY_REUSED',
  'KEYS_FULL',
  'KEYS_UNAVAILABLE',
  'TOO_MANY_WAITING',
] as const;

type NotifyBody = Type.Static<typeof NotifyRequest>;

/** `POST /api/v1/agents/{agentId}/notify`: 202 only after the broker's confirm, or when the message lies in the outbox. */
export function addNotifyRoute(app: GatewayServer, options: NotifyRouteOptions): void {
  const { notifier, idempotency, waiting, metrics } = options;

  const refuse = (agentId: string, body: NotifyBody): ProblemSpec | null =>
    body.budget === undefined ? notifier.refuse(agentId, body) : BUDGET_UNBUILT;

  const turnAway = <R extends ProblemReply>(reply: R, problem: ProblemSpec): R => {
    metrics.add('tracepost.notifications.refused', 1, { 'tracepost.reason': problem.code });
    return sendProblem(reply, problem);
  };

  app.post(
    '/api/v1/agents/:agentId/notify',
    {
      // Before the body is read: in a flood the time for it is somebody else's.
      onRequest(request, reply, done) {
        if (!waiting.isFull()) return done();
        const trace = traceOf(request);
        trace.agentId = request.params.agentId;
        reachHop(trace, 'rate-limit', 'refused');
        turnAway(reply, TOO_MANY_WAITING);
      },
      schema: {
        summary: 'Send a notification to an agent',
        description: `202 means that the broker has confirmed it, or that it lies on the gateway's own disk until the broker does. Known agents that are down are queued for.
With an \`Idempotency-Key\` (1 to 255 printable ASCII characters, for this agent) the same request within 24 hours gets the first answer again, with
\`idempotent-replayed: true\`; neither white space nor the order of keys in the body counts. \`budget\` is refused until it is built.`,
        tags: ['tasks'],
        params: Type.Object({ agentId: Type.String({ pattern: AGENT_ID_PATTERN }) }),
        body: NotifyRequest,
        response: { 202: NotifyAccepted },
        'x-tracepost': {
          problems: NOTIFY_PROBLEMS,
          requestHeaders: ['Idempotency-Key'],
          answerHeaders: ['Location', 'idempotent-replayed'],
          bodyExamples: NOTIFY_EXAMPLES,
          answerExample: ACCEPTED_EXAMPLE,
        },
      },
    },
    async (request, reply) => {
      const trace = traceOf(request);
      const { agentId } = request.params;
      const { body } = request;
      describeAddressee(trace, agentId, body);
      reachHop(trace, 'validate', 'refused');
      const read = readIdempotencyKey(request.raw.headers);
      if (read.status === 'refused') return turnAway(reply, read.problem);
      const refusal = refuse(agentId, body);
      if (refusal) return turnAway(reply, refusal);

      reachHop(trace, 'rate-limit', 'refused');
      // A body in chunks does not say how long it is.
      const bytes = trace.requestBytes || LIMITS.bodyBytes;
      if (!waiting.enter(bytes)) return turnAway(reply, TOO_MANY_WAITING);
      try {
        const { traceId } = trace;
        const taskId = createTaskId();
        if (read.status === 'none') {
          const delivered = await notifier.deliver(buildNotification(agentId, body, { trace, taskId }), trace, {
            traceId,
          });
          if (delivered.status === 'refused') return turnAway(reply, delivered.problem);
          return accept(reply, delivered.answer);
        }
        const { key } = read;
        reachHop(trace, 'idempotency', 'under way');
        const asked = { tenantId: DEFAULT_TENANT, agentId, key, bodyHash: bodyHash(body), taskId, traceId };
        const once = await idempotency.once(asked, (turn) =>
          notifier.deliver(buildNotification(agentId, body, { trace, ...turn }), trace, {
            ...turn,
            idempotencyKey: key,
          }),
        );
        if (once.status === 'refused') return turnAway(reply, once.problem);
        if (once.isReplayed) {
          trace.taskId = once.answer.taskId;
          reachHop(trace, 'idempotency', 'replayed');
          reply.header('idempotent-replayed', 'true');
        }
        return accept(reply, once.answer);
      } finally {
        waiting.leave(bytes);
      }
    },
  );
}

function accept<R extends Reply>(reply: R, answer: NotifyAccepted): R {
  reply.header('location', answer.links.task);
  reply.code(202).send(answer);
  return reply;
}

interface Reply {
  header(name: string, value: string): unknown;
  code(status: 202): { send(answer: NotifyAccepted): unknown };
}

/** What is not built yet is refused, not ignored: nobody shall rely on a promise that is not kept. */
const BUDGET_UNBUILT: ProblemSpec = {
  code: 'FIELD_NOT_SUPPORTED',
  detail: 'Not supported yet, so it is refused rather than ignored: budget. Leave it out.',
  errors: [{ pointer: pointerStep('budget'), message: 'is not supported yet' }],
};

const TOO_MANY_WAITING: ProblemSpec = {
  code: 'TOO_MANY_WAITING',
  detail: 'As many notifications as this gateway lets wait are waiting for the broker already. Nothing was accepted.',
  retryAfterSeconds: 1,
};

interface Ids extends Pick<Turn, 'taskId'> {
  readonly trace: RequestTrace;
  readonly isRepeat?: boolean;
}

function buildNotification(
  agentId: string,
  body: NotifyBody,
  { trace, taskId, isRepeat = false }: Ids,
): OutgoingNotification {
  return {
    agentId,
    taskId,
    notificationType: body.notificationType,
    data: body.payload,
    source: body.source ?? 'http',
    correlationId: trace.correlationId,
    sessionId: body.sessionId ?? null,
    tenantId: DEFAULT_TENANT,
    priority: body.priority ?? 'normal',
    timeoutMs: body.timeoutMs ?? null,
    budget: null,
    parentTaskId: null,
    depth: 0,
    ...(isRepeat ? { copy: randomBytes(8).toString('hex') } : {}),
  };
}
