import { randomUUID } from 'node:crypto';
import { until } from '@tracepost/testing';
import type {
  BindingSpec,
  Consumption,
  Delivery,
  DurableQueueSpec,
  ExchangeSpec,
  OutgoingMessage,
  PublishOutcome,
} from '../broker.ts';
import type { BrokerHarness } from './harness.ts';

/** What the properties are written with. Names are new each time: brokers are shared and remember. */
export interface Workbench {
  name(word: string): string;
  /** Declares a durable queue and gives its name. */
  queue(word: string, spec?: Omit<DurableQueueSpec, 'kind' | 'name'>): Promise<string>;
  exchange(type: ExchangeSpec['type'], bindings: readonly Omit<BindingSpec, 'exchange'>[]): Promise<string>;
  /** Publishes one text after the other to one queue, without waiting in between; outcomes in the same order. */
  publish(queue: string, texts: readonly string[]): Promise<PublishOutcome[]>;
  receive(queue: string, options?: ReceiveOptions): Promise<Receiver>;
  /** Takes and acknowledges `count` texts, then stops consuming. */
  drain(queue: string, count: number): Promise<string[]>;
  /** Waits until the queue holds exactly this many that wait. */
  holds(queue: string, ready: number): Promise<void>;
  until<T>(what: string, check: () => T | Promise<T>): Promise<unknown>;
}

export interface ReceiveOptions {
  readonly prefetch?: number;
  /** `nth` counts the deliveries of this consumer from 1. */
  readonly onDelivery?: (delivery: Delivery, nth: number) => void | Promise<void>;
}

export interface Receiver {
  /** In the order of arrival; nothing is settled unless `onDelivery` does it. */
  readonly deliveries: Delivery[];
  readonly consumption: Consumption;
  /** Waits until at least `count` have arrived. */
  arrived(count: number): Promise<Delivery[]>;
}

export function workbench(harness: BrokerHarness): Workbench {
  const run = randomUUID().slice(0, 8);
  const name = (word: string): string => `contract.${word}.${run}`;
  const patiently = <T>(what: string, check: () => T | Promise<T>): Promise<unknown> =>
    until(check, { timeoutMs: harness.patienceMs, everyMs: 5, what });

  const receive: Workbench['receive'] = async (queue, { prefetch = 100, onDelivery } = {}) => {
    const deliveries: Delivery[] = [];
    const consuming = harness.broker().consume({
      queue,
      prefetch,
      onDelivery: (delivery) => {
        const nth = deliveries.push(delivery);
        return onDelivery?.(delivery, nth);
      },
    });
    return {
      deliveries,
      consumption: await established(queue, consuming),
      async arrived(count) {
        await patiently(`${count} deliveries from ${queue}`, () => deliveries.length >= count);
        return deliveries;
      },
    };
  };

  /** It waits for a queue that is not there; a property does not. */
  const established = async (queue: string, consuming: Promise<Consumption>): Promise<Consumption> => {
    let consumption: Consumption | null = null;
    consuming.then(
      (given) => {
        consumption = given;
      },
      () => {},
    );
    await patiently(`a consumer of ${queue}`, () => consumption);
    return consuming;
  };

  return {
    name,
    receive,
    until: patiently,
    async queue(word, spec = {}) {
      await harness.broker().declare({ queues: [{ kind: 'durable', name: name(word), ...spec }] });
      return name(word);
    },
    async exchange(type, bindings) {
      const exchange = name(type);
      await harness.broker().declare({
        exchanges: [{ name: exchange, type }],
        bindings: bindings.map((binding) => ({ ...binding, exchange })),
      });
      return exchange;
    },
    publish: (queue, texts) => Promise.all(texts.map((text) => harness.broker().publish(message(queue, text)))),
    async drain(queue, count) {
      const { arrived, consumption } = await receive(queue, { onDelivery: (delivery) => delivery.ack() });
      const texts = (await arrived(count)).map(textOf);
      await consumption.close();
      return texts;
    },
    async holds(queue, ready) {
      await patiently(`${ready} messages in ${queue}`, async () => {
        return (await harness.broker().inspect(queue))?.ready === ready;
      });
    },
  };
}

/** A message to one queue by the default exchange. */
export function message(queue: string, text: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage {
  return { exchange: '', routingKey: queue, mandatory: true, body: Buffer.from(text), headers: {}, ...more };
}

export function textOf({ message: { body } }: Delivery): string {
  return body.toString('utf8');
}

export function texts(count: number): string[] {
  return Array.from({ length: count }, (_, index) => String(index));
}
