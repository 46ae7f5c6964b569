import type { Broker, Delivery, IncomingMessage, OutgoingMessage, PublishOutcome, QueueSpec } from '../broker.ts';

/** The same broker with some of its doors replaced: how the broken ones are made. */
export function altered(
  good: Broker,
  changes: Partial<Pick<Broker, 'declare' | 'publish' | 'consume' | 'inspect' | 'close' | 'onStateChange'>>,
): Broker {
  return {
    get state() {
      return good.state;
    },
    get stateReason() {
      return good.stateReason;
    },
    onStateChange: (listener) => good.onStateChange(listener),
    declare: (topology) => good.declare(topology),
    publish: (message) => good.publish(message),
    consume: (subscription) => good.consume(subscription),
    inspect: (queue) => good.inspect(queue),
    close: () => good.close(),
    [Symbol.asyncDispose]: () => good.close(),
    ...changes,
  };
}

export function withOutcomes(good: Broker, change: (outcome: PublishOutcome) => PublishOutcome): Broker {
  return altered(good, { publish: async (message) => change(await good.publish(message)) });
}

export function withOutgoing(good: Broker, change: (message: OutgoingMessage) => OutgoingMessage): Broker {
  return altered(good, { publish: (message) => good.publish(change(message)) });
}

export function withIncoming(good: Broker, change: (message: IncomingMessage) => IncomingMessage): Broker {
  return withDeliveries(good, (delivery) => changedDelivery(delivery, { message: change(delivery.message) }));
}

export function withQueues(good: Broker, change: (spec: QueueSpec) => QueueSpec): Broker {
  return altered(good, {
    declare: ({ queues = [], ...rest }) => good.declare({ ...rest, queues: queues.map(change) }),
  });
}

export function withDeliveries(good: Broker, change: (delivery: Delivery) => Delivery): Broker {
  return altered(good, {
    consume: ({ onDelivery, ...rest }) =>
      good.consume({ ...rest, onDelivery: (delivery) => onDelivery(change(delivery)) }),
  });
}

export function changedDelivery(delivery: Delivery, changes: Partial<Delivery>): Delivery {
  return {
    message: delivery.message,
    redelivered: delivery.redelivered,
    deliveryCount: delivery.deliveryCount,
    get isSettled() {
      return delivery.isSettled;
    },
    get lost() {
      return delivery.lost;
    },
    ack: () => delivery.ack(),
    requeue: () => delivery.requeue(),
    reject: () => delivery.reject(),
    ...changes,
  };
}
