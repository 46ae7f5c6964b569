/**
 * The one door to a broker. Words and meaning are AMQP 0-9-1's; the RabbitMQ adapter speaks it over the network, the
 * embedded one keeps the same promises on SQLite. `./contract` holds the suite that both pass.
 */
export interface Broker {
  readonly state: BrokerState;

  /** Why it is not ready, for whoever asks for its health: without credentials and without addresses. Null while nothing is known, or nothing is wrong. */
  readonly stateReason: string | null;

  /** Called with every change of `state`; the returned function takes the listener away. */
  onStateChange(listener: (state: BrokerState) => void): () => void;

  /**
   * Declares exchanges, queues and bindings now, and again after every recovery. Resolves once the broker has them;
   * while it is unreachable the promise waits. Rejects with `TopologyRefusedError` when a queue exists with other
   * arguments (arguments of an existing queue cannot change), and with `BrokerClosedError` when it is closed first.
   */
  declare(topology: Topology): Promise<void>;

  /** Never throws: what became of the message is the outcome. Bounded by the adapter's confirm timeout (5 s). */
  publish(message: OutgoingMessage): Promise<PublishOutcome>;

  /**
   * Consumes until closed, across reconnects and deleted queues. Resolves with the first established consumer; while
   * the broker is unreachable the promise waits, and rejects with `BrokerClosedError` when it is closed first.
   */
  consume(subscription: Subscription): Promise<Consumption>;

  /** Depth and consumers of one queue; null when there is no such queue or nobody can tell now. */
  inspect(queue: string): Promise<QueueState | null>;

  /** Drains: consumers first, then confirms under way, then the connections. Safe to call twice. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `blocked`: the broker is there and takes no publishes (memory or disk alarm). */
export type BrokerState = 'connecting' | 'ready' | 'blocked' | 'unreachable' | 'closed';

export type PublishOutcome =
  /** On every queue that it was routed to, durably. */
  | { readonly status: 'confirmed' }
  /** No queue is bound for this key; nothing was stored. Only told when `mandatory`. */
  | { readonly status: 'unroutable' }
  /** The broker said no (queue at its maximum length, …); nothing promised. */
  | { readonly status: 'refused'; readonly reason: string }
  /** Not sent: no connection, blocked, or too many unconfirmed already. */
  | { readonly status: 'unreachable'; readonly reason: string }
  /** Sent, but no confirm within the deadline or before the connection broke: it may be stored or not. */
  | { readonly status: 'unconfirmed'; readonly reason: string };

export type HeaderValue = string | number | boolean;

export interface OutgoingMessage {
  /** `''` is the default exchange: the routing key names a queue. */
  readonly exchange: string;
  readonly routingKey: string;
  readonly mandatory: boolean;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  readonly messageId?: string;
  readonly type?: string;
  readonly appId?: string;
  readonly correlationId?: string;
  /** Seconds since the epoch, as AMQP has it. */
  readonly timestamp?: number;
  /** 0 to 31; none given counts as 4. */
  readonly priority?: number;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly replyTo?: string;
}

/** What arrived. Headers are as foreign clients wrote them: Buffers, arrays and nested tables included. */
export interface IncomingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly messageId?: string;
  readonly type?: string;
  readonly appId?: string;
  readonly correlationId?: string;
  readonly timestamp?: number;
  readonly priority?: number;
  readonly contentType?: string;
  readonly contentEncoding?: string;
  readonly replyTo?: string;
}

export interface Delivery {
  readonly message: IncomingMessage;
  readonly redelivered: boolean;
  /** How often it was delivered before this time and came back; counts crashes and `reject(requeue)`, not `requeue()`. */
  readonly deliveryCount: number;
  /** True once it is settled, by its receiver or by the broker (the channel broke, the consumer closed): somebody else may have it. */
  readonly isSettled: boolean;
  /** Aborted when the broker took it back before it was settled: whatever is being done with it may be done by somebody else too. */
  readonly lost: AbortSignal;
  /** Done: forget the message. The first of the three calls settles; later ones, or one on a broken channel, do nothing. */
  ack(): void;
  /** Give it back unharmed (shutdown): does not count towards the delivery limit. */
  requeue(): void;
  /** Give it back as failed: counts towards the delivery limit, past which the queue dead-letters it. */
  reject(): void;
}

export interface Subscription {
  readonly queue: string;
  /** Most unsettled deliveries at a time. */
  readonly prefetch: number;
  /** A throw or a rejection is logged and settles the delivery with `reject()`. */
  readonly onDelivery: (delivery: Delivery) => void | Promise<void>;
}

export interface Consumption {
  /** True while messages reach it: false after a lost channel or a deleted queue until it is back, and once it is closed. */
  readonly isConsuming: boolean;
  /**
   * Stops the flow, waits for unsettled deliveries until `deadlineMs` (default 10,000), then gives the rest back
   * unharmed. Safe to call twice.
   */
  close(options?: { readonly deadlineMs?: number }): Promise<void>;
}

export interface Topology {
  readonly exchanges?: readonly ExchangeSpec[];
  readonly queues?: readonly QueueSpec[];
  readonly bindings?: readonly BindingSpec[];
}

export interface ExchangeSpec {
  readonly name: string;
  readonly type: 'direct' | 'topic';
}

export interface BindingSpec {
  readonly queue: string;
  readonly exchange: string;
  /** For topic exchanges `*` is one word and `#` any number of them. */
  readonly key: string;
}

export type QueueSpec = DurableQueueSpec | TransientQueueSpec;

/** A quorum queue: on disk before it is confirmed. A full one refuses (`reject-publish`), so that nothing is dropped. */
export interface DurableQueueSpec {
  readonly kind: 'durable';
  readonly name: string;
  readonly maxLength?: number;
  /**
   * How many failed deliveries (crash, `reject`) are allowed; the next one dead-letters the message. None given, or no
   * dead-letter queue to take it: it is delivered again for ever, never dropped.
   */
  readonly deliveryLimit?: number;
  /** Queue that takes what this one gives up, at least once (through the default exchange). */
  readonly deadLetterQueue?: string;
  /**
   * A message that has waited here this long moves to `deadLetterQueue`, as if it were published there. Those of one priority
   * keep their order, and none is held up by another priority. Nobody should consume here: RabbitMQ goes on counting the
   * deliveries of a message that moves. Without a queue to take it a message stays.
   */
  readonly messageTtlMs?: number;
}

/**
 * Belongs to this connection and dies with it: for live feeds. Declared anew, empty, after a reconnect. A full one drops
 * its oldest: one queue that refused would refuse the message for the durable queues beside it too.
 */
export interface TransientQueueSpec {
  readonly kind: 'transient';
  readonly name: string;
  readonly maxLength?: number;
}

export interface QueueState {
  /** Waiting to be delivered. */
  readonly ready: number;
  readonly consumers: number;
  /** Delivered and not settled; null when nobody can tell. */
  readonly unacknowledged: number | null;
  /** Messages a second that came into the queue over about the last minute; null when nobody can tell. */
  readonly publishRate: number | null;
  /** Deliveries a second over about the last minute, the same message again included; null when nobody can tell. */
  readonly deliverRate: number | null;
}

/** A queue or exchange exists with other arguments: nothing was changed; delete it or choose another name. */
export class TopologyRefusedError extends Error {
  readonly code = 'messaging/topology-refused';
  readonly isRetryable = false;
}

/** Nothing more comes of a promise that waited for the broker: it was closed meanwhile. */
export class BrokerClosedError extends Error {
  readonly code = 'messaging/broker-closed';
  readonly isRetryable = false;

  constructor() {
    super('The broker was closed before it could do this');
  }
}

/** Reason of `Delivery.lost`: its channel broke, or its consumer was closed before it was settled. */
export class DeliveryLostError extends Error {
  readonly code = 'messaging/delivery-lost';
  readonly isRetryable = true;

  constructor() {
    super('The broker took the message back before it was settled; it is delivered again');
  }
}
