import type { Message } from 'amqplib';
import { describe, expect, test } from 'vitest';
import type { OutgoingMessage, PublishOutcome } from '../broker.ts';
import { Unconfirmed } from './unconfirmed.ts';

const LATE: PublishOutcome = { status: 'unconfirmed', reason: 'late' };

describe('publishes under way', () => {
  test('one word of the broker for several answers all up to that tag, and nobody beyond', async () => {
    const { unconfirmed, outcomes } = published(5);
    unconfirmed.confirm(2, false);
    unconfirmed.confirm(4, true);
    await told();
    expect(outcomes).toEqual(['confirmed', 'confirmed', 'confirmed', 'confirmed', undefined]);
    expect(unconfirmed.count).toBe(1);
    expect(unconfirmed.bytes).toBe(1);
  });

  test('a refusal is told as such', async () => {
    const { unconfirmed, outcomes } = published(3);
    unconfirmed.refuse(2, true);
    unconfirmed.confirm(3, false);
    await told();
    expect(outcomes).toEqual(['refused', 'refused', 'confirmed']);
  });

  test('what comes back is unroutable, also when its confirm is one for several', async () => {
    const { unconfirmed, outcomes } = published(4);
    unconfirmed.giveBack(returned('2'));
    unconfirmed.giveBack(returned('3'));
    unconfirmed.confirm(4, true);
    await told();
    expect(outcomes).toEqual(['confirmed', 'unroutable', 'unroutable', 'confirmed']);
  });

  test('of equal messages each return answers one', async () => {
    const unconfirmed = new Unconfirmed();
    const outcomes = watch([message('same'), message('same'), message('same')].map((each) => unconfirmed.add(each, 0)));
    unconfirmed.giveBack(returned('same'));
    unconfirmed.giveBack(returned('same'));
    unconfirmed.confirm(3, true);
    await told();
    expect(outcomes).toEqual(['unroutable', 'unroutable', 'confirmed']);
  });

  test('a message that need not be routed is not taken for the one that came back', async () => {
    const unconfirmed = new Unconfirmed();
    const outcomes = watch([
      unconfirmed.add({ ...message('same'), mandatory: false }, 0),
      unconfirmed.add(message('same'), 0),
    ]);
    unconfirmed.giveBack(returned('same'));
    unconfirmed.confirm(2, true);
    await told();
    expect(outcomes).toEqual(['confirmed', 'unroutable']);
  });

  test('only those that waited too long are told so, and they go on counting until the broker speaks', async () => {
    const unconfirmed = new Unconfirmed();
    const outcomes = watch([10, 20, 30].map((sentAt) => unconfirmed.add(message('x'), sentAt)));
    unconfirmed.expire(20, LATE);
    await told();
    expect(outcomes).toEqual(['unconfirmed', 'unconfirmed', undefined]);
    expect({ count: unconfirmed.count, waiting: unconfirmed.waiting }).toEqual({ count: 3, waiting: 1 });
    unconfirmed.confirm(3, true);
    await told();
    expect(outcomes).toEqual(['unconfirmed', 'unconfirmed', 'confirmed']);
    expect({ count: unconfirmed.count, waiting: unconfirmed.waiting }).toEqual({ count: 0, waiting: 0 });
  });

  test('a late return meets its own publish and not the same message sent again', async () => {
    const unconfirmed = new Unconfirmed();
    const outcomes = watch([unconfirmed.add(message('same'), 0), unconfirmed.add(message('same'), 100)]);
    unconfirmed.expire(50, LATE);
    unconfirmed.giveBack(returned('same'));
    unconfirmed.confirm(2, true);
    await told();
    expect(outcomes).toEqual(['unconfirmed', 'confirmed']);
  });

  test('a channel that is gone answers everybody at once', async () => {
    const { unconfirmed, outcomes } = published(3);
    unconfirmed.confirm(1, false);
    unconfirmed.abandon(LATE);
    await told();
    expect(outcomes).toEqual(['confirmed', 'unconfirmed', 'unconfirmed']);
    expect(unconfirmed.count).toBe(0);
    expect(unconfirmed.bytes).toBe(0);
  });
});

/** `count` messages of one byte each: '1', '2', … */
function published(count: number) {
  const unconfirmed = new Unconfirmed();
  const texts = Array.from({ length: count }, (_, index) => String(index + 1));
  return { unconfirmed, outcomes: watch(texts.map((text) => unconfirmed.add(message(text), 0))) };
}

function watch(promises: readonly Promise<PublishOutcome>[]): (PublishOutcome['status'] | undefined)[] {
  const statuses: (PublishOutcome['status'] | undefined)[] = promises.map(() => undefined);
  for (const [index, promise] of promises.entries()) {
    void promise.then(({ status }) => {
      statuses[index] = status;
    });
  }
  return statuses;
}

function told(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function message(text: string): OutgoingMessage {
  return { exchange: 'agents', routingKey: 'agent.x', mandatory: true, body: Buffer.from(text), headers: {} };
}

function returned(text: string): Message {
  const fields = { exchange: 'agents', routingKey: 'agent.x', replyCode: 312, deliveryTag: 0, redelivered: false };
  return { fields, properties: {}, content: Buffer.from(text) } as unknown as Message;
}
