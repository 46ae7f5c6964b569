import { setTimeout as sleep } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { AGENT_ID_PATTERN, NotifyAccepted, NotifyRequest } from '@tracepost/contracts';
import type { NotificationPublisher, OutgoingNotification, PublishOutcome } from '@tracepost/messaging';
import { ATTR, isoTime } from '@tracepost/telemetry';
import Type from 'typebox';
import type { AgentDirectory } from '../agents/agent-directory.ts';
import type { KnownAgents } from '../agents/known-agents.ts';
import type { PayloadCheck } from '../agents/payload-check.ts';
import { sendProblem } from '../http/answers.ts';
import { createTaskId } from '../http/ids.ts';
import { type ProblemSpec, pointerStep } from '../http/problem.ts';
import { type RequestTrace, reachHop, traceOf } from '../http/request-trace.ts';
import type { GatewayServer } from '../http/server.ts';
import { buildAcceptedEvent } from '../tasks/accepted-event.ts';
import type { AcceptedAnnouncer } from '../tasks/announce-accepted.ts';
import type { TaskMemory } from '../tasks/task-memory.ts';
import { problemAnswers } from './schemas.ts';

export interface NotifyRouteOptions {
  readonly agents: AgentDirectory;
  readonly payloads: PayloadCheck;
  readonly publisher: NotificationPublisher;
  readonly memory: TaskMemory;
  readonly announcer: AcceptedAnnouncer;
  readonly known: Pick<KnownAgents, 'isLoaded' | 'pendingQueue' | 'restoreQueue'>;
}

type NotifyBody = Type.Static<typeof NotifyRequest>;

/** Until there are keys, everybody who comes over HTTP is this tenant. */
const DEFAULT_TENANT = 'default';
const ACCEPTED_EVENT_BYTES = 800;
/** An agent that has just been heard of: its queue is there in a moment, or the broker is away. */
const QUEUE_WAIT_MS = 1_000;

/** `POST /api/v1/agents/{agentId}/notify`: 202 only after the broker's confirm. */
export function addNotifyRoute(app: GatewayServer, options: NotifyRouteOptions): void {
  const { agents, payloads, publisher, memory, announcer, known } = options;

  const refuse = (agentId: string, body: NotifyBody, idempotencyKey: unknown): ProblemSpec | null => {
    const unbuilt = refuseUnbuilt(body, idempotencyKey);
    if (unbuilt) return unbuilt;
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

  app.post(
    '/api/v1/agents/:agentId/notify',
    {
      schema: {
        summary: 'Send a notification to an agent',
        description:
          '202 means that the broker has confirmed it. Known agents that are down are queued for. `Idempotency-Key`, `budget` and a `priority` other than normal are refused until they are built.',
        tags: ['tasks'],
        params: Type.Object({ agentId: Type.String({ pattern: AGENT_ID_PATTERN }) }),
        body: NotifyRequest,
        response: { 202: NotifyAccepted, ...problemAnswers },
      },
    },
    async (request, reply) => {
      const trace = traceOf(request);
      const { agentId } = request.params;
      const { body } = request;
      describeTask(trace, agentId, body);
      reachHop(trace, 'validate', 'refused');
      const refusal = refuse(agentId, body, request.raw.headers['idempotency-key']);
      if (refusal) return sendProblem(reply, refusal);

      const notification = buildNotification(agentId, body, trace);
      const acceptedAt = isoTime(Date.now());
      reachHop(trace, 'publish', 'under way');
      const pending = known.pendingQueue(agentId);
      if (pending) await Promise.race([pending, sleep(QUEUE_WAIT_MS, undefined, { ref: false })]);
      const outcome = await context.with(trace.context, publisher.publish, publisher, notification);
      reachHop(trace, 'publish', outcome.status);
      if (outcome.status !== 'confirmed') {
        if (outcome.status === 'unroutable') known.restoreQueue(agentId);
        return sendProblem(reply, describeOutcome(outcome, notification));
      }

      const { taskId } = notification;
      const { traceId, correlationId } = trace;
      const event = buildAcceptedEvent(notification, { traceId, acceptedAt });
      memory.apply(event, ACCEPTED_EVENT_BYTES);
      const task = `/api/v1/tasks/${taskId}`;
      reply.header('location', task);
      reply.code(202).send({
        taskId,
        traceId,
        correlationId,
        status: 'accepted',
        links: { task, trace: `/api/v1/traces/${traceId}`, console: `/tasks/${taskId}` },
      });
      announcer.announce(event);
      return reply;
    },
  );
}

function describeTask(trace: RequestTrace, agentId: string, { notificationType, sessionId, source }: NotifyBody): void {
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
function refuseUnbuilt({ priority, budget }: NotifyBody, idempotencyKey: unknown): ProblemSpec | null {
  const names: string[] = [];
  if (priority !== undefined && priority !== 'normal') names.push('priority');
  if (budget !== undefined) names.push('budget');
  if (idempotencyKey === undefined && names.length === 0) return null;
  const words = idempotencyKey === undefined ? names : [...names, 'Idempotency-Key'];
  return {
    code: 'FIELD_NOT_SUPPORTED',
    detail: `Not supported yet, so it is refused rather than ignored: ${words.join(', ')}. Leave it out.`,
    errors: names.map((name) => ({ pointer: pointerStep(name), message: 'is not supported yet' })),
  };
}

function buildNotification(agentId: string, body: NotifyBody, trace: RequestTrace): OutgoingNotification {
  const taskId = createTaskId();
  trace.taskId = taskId;
  trace.span?.setAttribute(ATTR.taskId, taskId);
  return {
    agentId,
    taskId,
    notificationType: body.notificationType,
    data: body.payload,
    source: body.source ?? 'http',
    correlationId: trace.correlationId,
    sessionId: body.sessionId ?? null,
    tenantId: DEFAULT_TENANT,
    priority: 'normal',
    timeoutMs: body.timeoutMs ?? null,
    budget: null,
    parentTaskId: null,
    depth: 0,
  };
}

/** Why nothing was accepted; also of a retry, which goes the same way. */
export function describeOutcome(
  outcome: Exclude<PublishOutcome, { status: 'confirmed' }>,
  { agentId, taskId }: OutgoingNotification,
): ProblemSpec {
  switch (outcome.status) {
    case 'unroutable':
      return {
        code: 'QUEUE_MISSING',
        detail: `The queue of "${agentId}" is not there; it is being declared again. Nothing was accepted.`,
        retryAfterSeconds: 2,
      };
    case 'refused':
      return {
        code: 'QUEUE_FULL',
        detail: `The broker refused the message; most likely the queue of "${agentId}" is full. Nothing was accepted.`,
        retryAfterSeconds: 5,
      };
    case 'unreachable':
      return {
        code: 'BROKER_UNREACHABLE',
        detail: 'The broker cannot be reached or takes nothing now. Nothing was accepted.',
        retryAfterSeconds: 2,
      };
    case 'unconfirmed':
      return {
        code: 'CONFIRM_MISSING',
        detail: `The broker did not confirm in time. The task may still run, as ${taskId}; a retry may run it twice.`,
        retryAfterSeconds: 2,
      };
  }
}
