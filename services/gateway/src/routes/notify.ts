import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Context, context, ROOT_CONTEXT, TraceFlags, trace as traces } from '@opentelemetry/api';
import { AGENT_ID_PATTERN, NotifyAccepted, NotifyRequest } from '@tracepost/contracts';
import type { NotificationPublisher, OutgoingNotification } from '@tracepost/messaging';
import { ATTR, isoTime, type Metrics } from '@tracepost/telemetry';
import Type from 'typebox';
import type { AgentDirectory } from '../agents/agent-directory.ts';
import type { KnownAgents } from '../agents/known-agents.ts';
import type { PayloadCheck } from '../agents/payload-check.ts';
import { sendProblem } from '../http/answers.ts';
import { createTaskId } from '../http/ids.ts';
import { LIMITS } from '../http/limits.ts';
import { type ProblemSpec, pointerStep } from '../http/problem.ts';
import { type RequestTrace, reachHop, traceOf } from '../http/request-trace.ts';
import type { GatewayServer } from '../http/server.ts';
import { bodyHash } from '../notify/body-hash.ts';
import { describeOutcome, isAccepted, isUncertain } from '../notify/describe-outcome.ts';
import type { Delivered, Idempotency, Turn } from '../notify/idempotency.ts';
import { readIdempotencyKey } from '../notify/read-key.ts';
import type { WaitingRoom } from '../notify/waiting-room.ts';
import { ACCEPTED_EXAMPLE, NOTIFY_EXAMPLES } from '../openapi/examples.ts';
import { buildAcceptedEvent } from '../tasks/accepted-event.ts';
import type { AcceptedAnnouncer } from '../tasks/announce-accepted.ts';
import type { TaskMemory } from '../tasks/task-memory.ts';

export interface NotifyRouteOptions {
  readonly agents: AgentDirectory;
  readonly payloads: PayloadCheck;
  readonly publisher: NotificationPublisher;
  readonly idempotency: Idempotency;
  readonly waiting: WaitingRoom;
  readonly memory: TaskMemory;
  readonly announcer: AcceptedAnnouncer;
  readonly known: Pick<KnownAgents, 'isLoaded' | 'pendingQueue' | 'restoreQueue'>;
  readonly metrics: Metrics;
}

const NOTIFY_PROBLEMS = [
  'AGENT_NOT_FOUND',
  'BROKER_UNREACHABLE',
  'CONFIRM_MISSING',
  'FIELD_NOT_SUPPORTED',
  'IDEMPOTENCY_KEY_REUSED',
  'INVALID_PAYLOAD',
  'KEYS_UNAVAILABLE',
  'OUTBOX_FULL',
  'OUTBOX_UNAVAILABLE',
  'QUEUE_FULL',
  'QUEUE_MISSING',
  'RECORDS_UNAVAILABLE',
  'TOO_MANY_WAITING',
  'UNKNOWN_NOTIFICATION_TYPE',
] as const;

type NotifyBody = Type.Static<typeof NotifyRequest>;

/** Until there are keys, everybody who comes over HTTP is this tenant. */
const DEFAULT_TENANT = 'default';
const ACCEPTED_EVENT_BYTES = 800;
/** An agent that has just been heard of: its queue is there in a moment, or the broker is away. */
const QUEUE_WAIT_MS = 1_000;

/** `POST /api/v1/agents/{agentId}/notify`: 202 only after the broker's confirm, or when the message lies in the outbox. */
export function addNotifyRoute(app: GatewayServer, options: NotifyRouteOptions): void {
  const { agents, payloads, publisher, idempotency, waiting, memory, announcer, known, metrics } = options;

  const refuse = (agentId: string, body: NotifyBody): ProblemSpec | null => {
    if (body.budget !== undefined) return BUDGET_UNBUILT;
    if (!agents.has(agentId) && !known.isLoaded)
      return {
        code: 'RECORDS_UNAVAILABLE',
        detail: `"${agentId}" has not announced itself since this gateway began, and the record store, which may know it, does not answer.`,
        retryAfterSeconds: 2,
      };
    if (!agents.has(agentId))
      return {
        code: 'AGENT_NOT_FOUND',
        detail: `No agent "${agentId}" has ever announced itself. GET /api/v1/agents lists those that have.`,
      };
    const announced = agents.findType(agentId, body.notificationType);
    if (!announced)
      return {
        code: 'UNKNOWN_NOTIFICATION_TYPE',
        detail: `The agent "${agentId}" does not take this type; it takes ${agents.typeNames(agentId).join(', ') || 'none'}.`,
        errors: [{ pointer: '/notificationType', message: 'is not one of the types of this agent' }],
      };
    const errors = payloads.check(agentId, announced, body.payload);
    if (errors.length === 0) return null;
    return { code: 'INVALID_PAYLOAD', detail: `The payload does not match the schema of ${announced.type}.`, errors };
  };

  /** Hands the notification on, and tells of the task once it is safe. */
  const deliver = async (
    notification: OutgoingNotification,
    trace: RequestTrace,
    { traceId, idempotencyKey = null }: { readonly traceId: string; readonly idempotencyKey?: string | null },
  ): Promise<Delivered> => {
    const { agentId, taskId } = notification;
    trace.taskId = taskId;
    trace.span?.setAttribute(ATTR.taskId, taskId);
    reachHop(trace, 'publish', 'under way');
    const acceptedAt = isoTime(Date.now());
    const pending = known.pendingQueue(agentId);
    if (pending) await Promise.race([pending, sleep(QUEUE_WAIT_MS, undefined, { ref: false })]);
    const outcome = await context.with(contextIn(traceId, trace), publisher.publish, publisher, notification);
    reachHop(trace, 'publish', outcome.status);
    if (!isAccepted(outcome)) {
      if (outcome.status === 'unroutable') known.restoreQueue(agentId);
      return { status: 'refused', problem: describeOutcome(outcome, notification), isUncertain: isUncertain(outcome) };
    }
    const event = buildAcceptedEvent(notification, { traceId, acceptedAt, idempotencyKey });
    memory.apply(event, ACCEPTED_EVENT_BYTES);
    announcer.announce(event);
    return { status: 'accepted', answer: describeTask(taskId, traceId, notification.correlationId) };
  };

  app.post(
    '/api/v1/agents/:agentId/notify',
    {
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
      describeRequest(trace, agentId, body);
      reachHop(trace, 'validate', 'refused');
      const turnAway = (problem: ProblemSpec) => {
        metrics.add('tracepost.notifications.refused', 1, { 'tracepost.reason': problem.code });
        return sendProblem(reply, problem);
      };
      const read = readIdempotencyKey(request.raw.headers);
      if (read.status === 'refused') return turnAway(read.problem);
      const refusal = refuse(agentId, body);
      if (refusal) return turnAway(refusal);

      reachHop(trace, 'rate-limit', 'refused');
      // A body in chunks does not say how long it is.
      const bytes = trace.requestBytes || LIMITS.bodyBytes;
      if (!waiting.enter(bytes)) return turnAway(TOO_MANY_WAITING);
      try {
        const { traceId } = trace;
        const taskId = createTaskId();
        if (read.status === 'none') {
          const delivered = await deliver(buildNotification(agentId, body, { trace, taskId }), trace, { traceId });
          if (delivered.status === 'refused') return turnAway(delivered.problem);
          return accept(reply, delivered.answer);
        }
        const { key } = read;
        reachHop(trace, 'idempotency', 'under way');
        const asked = { tenantId: DEFAULT_TENANT, agentId, key, bodyHash: bodyHash(body), taskId, traceId };
        const once = await idempotency.once(asked, (turn) =>
          deliver(buildNotification(agentId, body, { trace, ...turn }), trace, { ...turn, idempotencyKey: key }),
        );
        if (once.status === 'refused') return turnAway(once.problem);
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

function describeTask(taskId: string, traceId: string, correlationId: string): NotifyAccepted {
  const task = `/api/v1/tasks/${taskId}`;
  const links = { task, trace: `/api/v1/traces/${traceId}`, console: `/tasks/${taskId}` };
  return { taskId, traceId, correlationId, status: 'accepted', links };
}

/** The context to publish in: the request's own, unless the task began in another trace, which then goes on. */
function contextIn(traceId: string, trace: RequestTrace): Context {
  if (traceId === trace.traceId) return trace.context;
  const spanId = randomBytes(8).toString('hex');
  return traces.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true });
}

function describeRequest(trace: RequestTrace, agentId: string, body: NotifyBody): void {
  const { notificationType, sessionId, source } = body;
  trace.agentId = agentId;
  trace.notificationType = notificationType;
  const { span } = trace;
  if (!span) return;
  span.setAttribute(ATTR.tenantId, DEFAULT_TENANT);
  span.setAttribute(ATTR.agentId, agentId);
  span.setAttribute(ATTR.notificationType, notificationType);
  if (sessionId !== undefined) span.setAttribute(ATTR.sessionId, sessionId);
  if (source !== undefined) span.setAttribute(ATTR.source, source);
}

/** What is not built yet is refused, not ignored: nobody shall rely on a promise that is not kept. */
const BUDGET_UNBUILT: ProblemSpec = {
  code: 'FIELD_NOT_SUPPORTED',
  detail: 'Not supported yet, so it is refused rather than ignored: budget. Leave it out.',
  errors: [{ pointer: pointerStep('budget'), message: 'is not supported yet' }],
};

const TOO_MANY_WAITING: ProblemSpec = {
  code: 'TOO_MANY_WAITING',
  detail: 'As many notifications as this gateway holds wait for the broker already. Nothing was accepted.',
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
