import { type Context, context, type Link, ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api';
import type { AttemptHistoryEntry } from '@tracepost/contracts';
import { ATTR, failSpan, type Telemetry } from '@tracepost/telemetry';
import { readAttemptHistory } from './attempt-history.ts';
import type { Broker, Consumption, Delivery, IncomingMessage } from './broker.ts';
import { type IncomingNotification, readNotification } from './incoming-notification.ts';
import { MESSAGING_SYSTEM } from './messaging-system.ts';
import { type BrokenMessage, parkBroken } from './park-broken.ts';
import { readPutAside } from './retry-copy.ts';
import { type Settlement, type SettlingOptions, settle } from './settlement.ts';
import { createSlots, type Slots } from './slots.ts';
import { agentQueueName, agentTopology } from './topology.ts';
import { readTextHeader, readTraceContext } from './trace-headers.ts';

/** One delivery of a notification in the hands of its worker. `span` is the process span, active while `work` runs. */
export interface ReceivedNotification {
  /** Its `attempt` counts those that ended with the death of their worker. */
  readonly notification: IncomingNotification;
  /** In the queue, from when it was published or, for a retry, from when it was due. */
  readonly queueWaitMs: number;
  /** How long it was put aside on purpose before this attempt; null for what was not. */
  readonly backOffMs: number | null;
  readonly span: Span;
  /** Deliveries of this message that ended with the death of their worker. */
  readonly crashes: number;
  /** Which copy of the message this is: `{x-attempt}:{x-copy}`. A retry or a resend is another one, a redelivery is not. */
  readonly copy: string;
  readonly isRedelivered: boolean;
  /** Attempts that failed before this one, oldest first, as the message tells of them; crashed ones are not among them. */
  readonly attempts: readonly AttemptHistoryEntry[];
  /** As it arrived, to be kept for a retry by hand. */
  readonly message: IncomingMessage;
  /** Aborted when the broker took the message back: somebody else may be working on it. */
  readonly lost: AbortSignal;
}

export interface ConsumerOptions {
  readonly broker: Broker;
  readonly telemetry: Telemetry;
  readonly agentId: string;
  readonly workerId: string;
  readonly prefetch: number;
  /** Notifications worked on at a time; further ones of the prefetch wait, and their queue wait goes on. */
  readonly capacity: number;
  readonly work: (received: ReceivedNotification) => Promise<Settlement>;
  /** Told of a message whose envelope cannot be read, before it is parked; false leaves it in the queue, to come again. */
  readonly onBroken?: (broken: BrokenMessage) => Promise<boolean>;
}

/**
 * Takes notifications of one agent and continues their trace: the process span is the child of the publish span and linked to it, with
 * the queue wait as a number. A message that cannot be read is parked in the dead-letter queue with its reason; it
 * never reaches `work`.
 */
export async function consumeNotifications(options: ConsumerOptions): Promise<Consumption> {
  const { broker, telemetry, agentId, prefetch, capacity } = options;
  const slots = createSlots(capacity);
  const closing = new AbortController();
  const settling: SettlingOptions = { broker, logger: telemetry.logger, agentId, closing: closing.signal };
  await broker.declare(agentTopology(agentId));
  const consumption = await broker.consume({
    queue: agentQueueName(agentId),
    prefetch,
    onDelivery: (delivery) => takeTurn(options, settling, slots, delivery),
  });
  return {
    get isConsuming() {
      return consumption.isConsuming;
    },
    close(how) {
      slots.close();
      closing.abort();
      return consumption.close(how);
    },
  };
}

async function takeTurn(
  options: ConsumerOptions,
  settling: SettlingOptions,
  slots: Slots,
  delivery: Delivery,
): Promise<void> {
  const isTaken = await slots.take();
  if (!isTaken) return delivery.requeue();
  try {
    // Lost while it waited for its turn: it comes again, and would be worked on twice.
    if (!delivery.isSettled) await takeDelivery(options, settling, delivery);
  } finally {
    slots.give();
  }
}

async function takeDelivery(options: ConsumerOptions, settling: SettlingOptions, delivery: Delivery): Promise<void> {
  const now = Date.now();
  const read = readNotification(delivery.message, now);
  if (read.status === 'broken') return parkBroken(options, settling, delivery, read);
  const notification = countCrashes(read.notification, delivery);
  const settlement = await process(options, delivery, notification, now);
  return settle(settling, delivery, notification, settlement);
}

/** A run that ended with the death of its worker was an attempt too; nobody but the broker could count it. */
function countCrashes(notification: IncomingNotification, { deliveryCount }: Delivery): IncomingNotification {
  return deliveryCount === 0 ? notification : { ...notification, attempt: notification.attempt + deliveryCount };
}

async function process(
  { telemetry, agentId, workerId, work }: ConsumerOptions,
  delivery: Delivery,
  notification: IncomingNotification,
  now: number,
): Promise<Settlement> {
  const { message, redelivered, deliveryCount } = delivery;
  const queue = agentQueueName(agentId);
  const putAside = readPutAside(message.headers);
  const queueWaitMs = Math.max(0, now - (putAside?.retryAtMs ?? notification.acceptedAtMs));
  const publisher = readTraceContext(message.headers);
  const parent: Context = publisher ? trace.setSpanContext(ROOT_CONTEXT, publisher) : ROOT_CONTEXT;
  const links: Link[] = publisher ? [{ context: publisher }] : [];
  const span = telemetry.tracer.startSpan(
    `process ${queue}`,
    {
      kind: SpanKind.CONSUMER,
      links,
      attributes: {
        [ATTR.messagingSystem]: MESSAGING_SYSTEM,
        [ATTR.messagingOperationType]: 'process',
        [ATTR.messagingOperationName]: 'consume',
        [ATTR.messagingDestination]: queue,
        [ATTR.messagingMessageId]: notification.taskId,
        [ATTR.messagingBodySize]: message.body.length,
        [ATTR.queueWaitMs]: queueWaitMs,
        [ATTR.taskId]: notification.taskId,
        [ATTR.agentId]: agentId,
        [ATTR.notificationType]: notification.notificationType,
        [ATTR.tenantId]: notification.tenantId,
        [ATTR.attempt]: notification.attempt,
        [ATTR.workerId]: workerId,
        'tracepost.message.redelivered': redelivered,
        'tracepost.message.delivery_count': deliveryCount,
        ...(putAside ? { 'tracepost.queue.back_off_ms': putAside.backOffMs } : {}),
        ...(notification.correlationId ? { [ATTR.messagingConversationId]: notification.correlationId } : {}),
        ...(notification.sessionId ? { [ATTR.sessionId]: notification.sessionId } : {}),
        ...(notification.source ? { [ATTR.source]: notification.source } : {}),
      },
    },
    parent,
  );
  const attributes = {
    'messaging.system': MESSAGING_SYSTEM,
    'messaging.destination.name': queue,
    'messaging.operation.name': 'consume',
  };
  telemetry.metrics.add('messaging.client.consumed.messages', 1, { ...attributes });
  telemetry.metrics.record('tracepost.queue.wait.duration', queueWaitMs / 1000, {
    'tracepost.queue': queue,
    'tracepost.agent.id': agentId,
  });
  const received: ReceivedNotification = {
    notification,
    queueWaitMs,
    backOffMs: putAside?.backOffMs ?? null,
    span,
    crashes: deliveryCount,
    copy: `${notification.attempt - deliveryCount}:${readTextHeader(message.headers, 'x-copy') ?? ''}`,
    isRedelivered: redelivered,
    attempts: readAttemptHistory(message.headers),
    message,
    get lost() {
      return delivery.lost;
    },
  };
  const started = performance.now();
  try {
    const settlement = await context.with(trace.setSpan(parent, span), () => work(received));
    if ('reason' in settlement) Object.assign(attributes, { 'error.type': settlement.reason });
    return settlement;
  } catch (error) {
    failSpan(span, error);
    Object.assign(attributes, { 'error.type': '_OTHER' });
    throw error;
  } finally {
    telemetry.metrics.record('messaging.process.duration', (performance.now() - started) / 1000, attributes);
    span.end();
  }
}
