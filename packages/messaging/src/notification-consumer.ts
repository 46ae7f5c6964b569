import { type Context, context, type Link, ROOT_CONTEXT, type Span, SpanKind, trace } from '@opentelemetry/api';
import { ATTR, failSpan, type Telemetry } from '@tracepost/telemetry';
import type { Broker, Consumption, Delivery, IncomingMessage } from './broker.ts';
import { type IncomingNotification, readNotification } from './incoming-notification.ts';
import { MESSAGING_SYSTEM } from './messaging-system.ts';
import { createSlots, type Slots } from './slots.ts';
import { agentQueueName, agentTopology, deadLetterQueueName } from './topology.ts';
import { readTraceContext } from './trace-headers.ts';

/** One notification in the hands of its worker. `span` is the process span, active while `work` runs. */
export interface ReceivedNotification {
  readonly notification: IncomingNotification;
  readonly queueWaitMs: number;
  readonly span: Span;
}

/** What has to happen to the message once the work is told. */
export type Settlement =
  | { readonly status: 'done' }
  /** Keep it aside, with the history of its attempts. */
  | { readonly status: 'dead_letter'; readonly reason: string; readonly attempts: readonly AttemptHistory[] }
  /** Somebody else should have it: the worker is stopping, or could not tell what became of the task. */
  | { readonly status: 'give_back' };

/** An entry of the header `x-attempts`. */
export interface AttemptHistory {
  readonly number: number;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly workerId: string;
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface BrokenMessage {
  readonly message: IncomingMessage;
  readonly taskId: string | null;
  readonly traceId: string | null;
  readonly reason: string;
  readonly detail: string;
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
  const { broker, agentId, prefetch, capacity } = options;
  const slots = createSlots(capacity);
  await broker.declare(agentTopology(agentId));
  const consumption = await broker.consume({
    queue: agentQueueName(agentId),
    prefetch,
    onDelivery: (delivery) => takeTurn(options, slots, delivery),
  });
  return {
    close(closing) {
      slots.close();
      return consumption.close(closing);
    },
  };
}

async function takeTurn(options: ConsumerOptions, slots: Slots, delivery: Delivery): Promise<void> {
  const isTaken = await slots.take();
  if (!isTaken) return delivery.requeue();
  try {
    // Lost while it waited for its turn: it comes again, and would be worked on twice.
    if (!delivery.isSettled) await takeDelivery(options, delivery);
  } finally {
    slots.give();
  }
}

async function takeDelivery(options: ConsumerOptions, delivery: Delivery): Promise<void> {
  const now = Date.now();
  const read = readNotification(delivery.message, now);
  if (read.status === 'broken') {
    await park(options, delivery, read);
    return;
  }
  const settlement = await process(options, delivery, read.notification, now);
  await settle(options, delivery, settlement);
}

async function process(
  { telemetry, agentId, workerId, work }: ConsumerOptions,
  { message, redelivered, deliveryCount }: Delivery,
  notification: IncomingNotification,
  now: number,
): Promise<Settlement> {
  const queue = agentQueueName(agentId);
  const queueWaitMs = now - notification.acceptedAtMs;
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
  const started = performance.now();
  try {
    const settlement = await context.with(trace.setSpan(parent, span), () => work({ notification, queueWaitMs, span }));
    if (settlement.status === 'dead_letter') Object.assign(attributes, { 'error.type': settlement.reason });
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

async function settle(options: ConsumerOptions, delivery: Delivery, settlement: Settlement): Promise<void> {
  if (settlement.status === 'done') return delivery.ack();
  if (settlement.status === 'give_back') return delivery.requeue();
  const isKept = await keepAside(options, delivery.message, {
    'x-dead-reason': settlement.reason.slice(0, 200),
    'x-attempts': JSON.stringify(settlement.attempts.slice(-10)),
  });
  // Not confirmed: the message stays where it is, and its next delivery tries again.
  if (isKept) delivery.ack();
  else delivery.reject();
}

async function park(
  options: ConsumerOptions,
  delivery: Delivery,
  broken: { readonly reason: string; readonly detail: string; readonly taskId: string | null },
): Promise<void> {
  const { telemetry, agentId, onBroken } = options;
  const queue = agentQueueName(agentId);
  const { message } = delivery;
  telemetry.metrics.add('tracepost.messages.parked', 1, {
    'tracepost.queue': queue,
    'tracepost.reason': broken.reason,
  });
  telemetry.logger.error(
    {
      layer: 'queue',
      phase: 'hop',
      hopName: 'validate',
      hopResult: broken.reason,
      result: 'error',
      agentId,
      ...(broken.taskId === null ? {} : { taskId: broken.taskId }),
      'error.message': broken.detail,
    },
    `parked a message that cannot be read in ${deadLetterQueueName(agentId)}`,
  );
  const traceId = readTraceContext(message.headers)?.traceId ?? null;
  const { taskId, reason, detail } = broken;
  const isTold = (await onBroken?.({ message, taskId, traceId, reason, detail })) ?? true;
  if (!isTold) return delivery.reject();
  const isKept = await keepAside(options, message, {
    'x-dead-reason': `${broken.reason}: ${broken.detail}`.slice(0, 200),
  });
  if (isKept) delivery.ack();
  else delivery.reject();
}

async function keepAside(
  { broker, agentId }: ConsumerOptions,
  message: IncomingMessage,
  reasonHeaders: Readonly<Record<string, string>>,
): Promise<boolean> {
  const { headers, exchange: _exchange, routingKey: _routingKey, ...rest } = message;
  const outcome = await broker.publish({
    ...rest,
    exchange: '',
    routingKey: deadLetterQueueName(agentId),
    mandatory: true,
    headers: { ...plainHeaders(headers), ...reasonHeaders },
  });
  return outcome.status === 'confirmed';
}

/** What a header table may hold besides texts and numbers is written as text; the broker's own `x-death` and the like are left out. */
function plainHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string | number | boolean> {
  const plain: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (BROKER_HEADERS.has(name)) continue;
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') plain[name] = value;
    else if (Buffer.isBuffer(value)) plain[name] = value.toString('utf8');
    else if (value !== null && value !== undefined) plain[name] = JSON.stringify(value);
  }
  return plain;
}

const BROKER_HEADERS: ReadonlySet<string> = new Set([
  'CC',
  'BCC',
  'x-death',
  'x-delivery-count',
  'x-first-death-exchange',
  'x-first-death-queue',
  'x-first-death-reason',
  'x-last-death-exchange',
  'x-last-death-queue',
  'x-last-death-reason',
]);
