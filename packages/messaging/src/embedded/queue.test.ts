import { expect, test } from 'vitest';
import type { IncomingMessage } from '../broker.ts';
import { Consumer } from './consumer.ts';
import type { Content, Entry } from './entry.ts';
import { Queue } from './queue.ts';

type Prepared = ReadonlyMap<Content, IncomingMessage>;

function entry(id: number): Entry {
  const message = { exchange: '', routingKey: 'q', headers: {}, body: Buffer.from(String(id)) };
  return { id, priority: 0, content: { id, bytes: 1, references: 1, message }, failures: 0, state: 0, dueAt: null };
}

test('messages whose contents are slow to come are not overtaken by later ones', async () => {
  const readings: { readonly entries: readonly Entry[]; readonly read: PromiseWithResolvers<Prepared> }[] = [];
  const queue = new Queue({
    spec: { kind: 'durable', name: 'q' },
    id: 1,
    isPaused: () => false,
    expire: async () => {},
    prepare(entries) {
      const read = Promise.withResolvers<Prepared>();
      readings.push({ entries, read });
      return read.promise;
    },
  });
  const arrived: string[] = [];
  const last = Promise.withResolvers<void>();
  const consumer = new Consumer({
    subscription: {
      queue: 'q',
      prefetch: 10,
      onDelivery({ message }) {
        arrived.push(message.body.toString());
        if (arrived.length === 2) last.resolve();
      },
    },
    onSettled() {},
    onHandlerError() {},
  });
  queue.addConsumer(consumer);
  for (const id of [1, 2]) {
    queue.add(entry(id));
    await Promise.resolve();
  }
  expect(readings).toHaveLength(2);
  for (const { entries, read } of readings.toReversed()) {
    read.resolve(new Map(entries.map(({ content }) => [content, content.message as IncomingMessage])));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await last.promise;
  expect(arrived).toEqual(['1', '2']);
});

test('a transient queue that nobody reads keeps no more than sixteen megabytes', () => {
  const queue = new Queue({
    spec: { kind: 'transient', name: 'q' },
    id: null,
    isPaused: () => false,
    expire: async () => {},
    prepare: async () => null,
  });
  for (let id = 1; id <= 20; id += 1) {
    const { content, ...rest } = entry(id);
    queue.add({ ...rest, content: { ...content, bytes: 1024 * 1024 } });
  }
  expect(queue.state).toMatchObject({ ready: 16, consumers: 0 });
});
