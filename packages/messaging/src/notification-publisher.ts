import { type Attributes, context, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ATTR, type Telemetry } from '@tracepost/telemetry';
import type { Broker, PublishOutcome } from './broker.ts';
import { MESSAGING_SYSTEM } from './messaging-system.ts';
import type { KeepOutcome, Outbox } from './outbox/outbox.ts';
import { buildNotificationMessage, type OutgoingNotification } from './outgoing-notification.ts';
import { agentQueueName } from './topology.ts';
import { writeSpanContext } from './trace-headers.ts';

export interface NotificationPublisher {
  /** Never throws; the outcome says whether the broker, or the outbox, has it. */
  publish(notification: OutgoingNotification): Promise<PublishOutcome | KeepOutcome>;
}

/**
 * Publishes notifications inside a PRODUCER span, child of the active one; the worker's span becomes its child through the
 * message's `traceparent`.
 */
export function createNotificationPublisher({
  broker,
  outbox = null,
  telemetry,
}: {
  readonly broker: Broker;
  /** Takes what the broker cannot take now; without one that is told as `unreachable` or `unconfirmed`. */
  readonly outbox?: Outbox | null;
  readonly telemetry: Telemetry;
}): NotificationPublisher {
  const { tracer, metrics } = telemetry;
  return {
    async publish(notification) {
      const now = Date.now();
      const started = performance.now();
      const queue = agentQueueName(notification.agentId);
      const span = tracer.startSpan(`send ${queue}`, { kind: SpanKind.PRODUCER }, context.active());
      const traceHeaders = writeSpanContext(span.spanContext());
      const message = buildNotificationMessage(notification, { now, traceHeaders });
      // Only for whoever keeps them: with telemetry off this is the dearer half of a span.
      if (span.isRecording()) span.setAttributes(describePublish(notification, queue, message.body.length));

      // Not `outbox.send`: that is one more promise for every message, and this is the path of all.
      const turn = outbox === null ? 0 : outbox.takeTurn(notification.agentId);
      let outcome: PublishOutcome | KeepOutcome = turn === null ? BEHIND : await broker.publish(message);
      if (outbox !== null && (outcome.status === 'unreachable' || outcome.status === 'unconfirmed')) {
        const isUncertain = outcome.status === 'unconfirmed';
        outcome = await outbox.keep(message, { agentId: notification.agentId, turn, isUncertain });
      }
      if (outcome.status === 'stored') {
        // The outbox counts it when the broker has it.
        span.setAttribute(ATTR.outcome, outcome.status);
        span.end();
        return outcome;
      }

      const attributes = {
        'messaging.system': MESSAGING_SYSTEM,
        'messaging.destination.name': queue,
        'messaging.operation.name': 'publish',
      };
      if (outcome.status !== 'confirmed') {
        Object.assign(attributes, { 'error.type': outcome.status });
        span.setAttribute(ATTR.errorType, outcome.status);
        span.setStatus({ code: SpanStatusCode.ERROR, message: 'reason' in outcome ? outcome.reason : outcome.status });
      }
      metrics.add('messaging.client.published.messages', 1, attributes);
      metrics.record('messaging.client.operation.duration', (performance.now() - started) / 1000, attributes);
      span.end();
      return outcome;
    },
  };
}

/** Older messages of the agent wait in the outbox: this one waits behind them. */
const BEHIND: PublishOutcome = { status: 'unreachable', reason: 'older messages of this agent wait' };

function describePublish(notification: OutgoingNotification, queue: string, bodyBytes: number): Attributes {
  return {
    [ATTR.messagingSystem]: MESSAGING_SYSTEM,
    [ATTR.messagingOperationType]: 'send',
    [ATTR.messagingOperationName]: 'publish',
    [ATTR.messagingDestination]: queue,
    [ATTR.messagingRabbitmqRoutingKey]: queue,
    [ATTR.messagingMessageId]: notification.taskId,
    [ATTR.messagingConversationId]: notification.correlationId,
    [ATTR.messagingBodySize]: bodyBytes,
    [ATTR.taskId]: notification.taskId,
    [ATTR.agentId]: notification.agentId,
    [ATTR.notificationType]: notification.notificationType,
    [ATTR.tenantId]: notification.tenantId,
    [ATTR.source]: notification.source,
    ...(notification.sessionId === null ? {} : { [ATTR.sessionId]: notification.sessionId }),
  };
}
