import { createTelemetry } from '@tracepost/telemetry';
import { describe, expect, it } from 'vitest';
import type { Broker, Delivery, OutgoingMessage, PublishOutcome } from './broker.ts';
import type { IncomingNotification } from './incoming-notification.ts';
import { type Settlement, settle } from './settlement.ts';

const CONFIRMED: PublishOutcome = { status: 'confirmed' };
const REFUSED: PublishOutcome = { status: 'refused', reason: 'full' };
const history = { number: 3, startedAt: '2026-11-21T09:00:00.000Z', endedAt: null, workerId: 'w', error: null };

describe('settling', () => {
  it('publishes a retry, has it written down, and then lets the message go', async () => {
    const { steps, run } = world();
    await run({
      status: 'retry',
      delayMs: 5_000,
      nextAttempt: 4,
      reason: 'tool_error',
      attempts: [history],
      confirm: async () => steps.push('written down') > 0,
    });
    expect(steps).toEqual(['publish agent.tester.retry.5s', 'written down', 'ack']);
  });

  it('says in a retry which attempt it is, since when, and what was tried before', async () => {
    const { published, run } = world();
    const before = Date.now();
    const confirm = async () => true;
    await run({ status: 'retry', delayMs: 2_000, nextAttempt: 4, reason: 'x', attempts: [history], confirm });
    const { headers, ...rest } = published[0] ?? {};
    expect(headers).toEqual({
      traceparent: 'unchanged',
      'x-copy': expect.stringMatching(/^[0-9a-f]{16}$/),
      'x-attempt': 4,
      'x-attempts': JSON.stringify([history]),
      'x-published-at-ms': 1_000,
      'x-retry-at-ms': expect.any(Number),
      'x-back-off-ms': 2_000,
    });
    const dueAt = Number(headers?.['x-retry-at-ms']);
    expect(dueAt).toBeGreaterThanOrEqual(before + 2_000);
    expect(dueAt).toBeLessThanOrEqual(Date.now() + 2_000);
    expect(rest).toMatchObject({ messageId: 'task-1', priority: 8, mandatory: true, body: Buffer.from('{}') });
  });

  it.each<Settlement>([
    { status: 'retry', delayMs: 1_000, nextAttempt: 4, reason: 'x', attempts: [], confirm: async () => true },
    { status: 'delay_copy' },
  ])(
    'names each copy of a $status apart, since an unanswered one may have arrived: one has to wait for the other',
    async (settlement) => {
      const { published, run } = world({ outcomes: [{ status: 'unconfirmed', reason: 'no answer' }] });
      await run(settlement);
      expect(new Set(['resend', ...published.map(({ headers }) => headers['x-copy'])]).size).toBe(3);
    },
  );

  it('sends a busy copy round as it is', async () => {
    const { published, steps, run } = world({
      headers: { 'x-attempt': 3, 'x-back-off-ms': 5_000, 'x-retry-at-ms': 7 },
    });
    await run({ status: 'delay_copy' });
    expect(steps).toEqual(['publish agent.tester.retry.1s', 'ack']);
    expect(published[0]?.headers).toMatchObject({ 'x-attempt': 3, 'x-back-off-ms': 6_000 });
  });

  it('keeps a message aside with its reason, its history and when it died', async () => {
    const { published, steps, run } = world();
    const deadAt = '2026-11-21T09:00:01.234Z';
    await run({ status: 'dead_letter', reason: 'r'.repeat(500), attempts: [history], deadAt });
    expect(steps).toEqual(['publish agent.tester.dead', 'ack']);
    expect(published[0]?.headers).toMatchObject({
      'x-dead-reason': 'r'.repeat(200),
      'x-attempts': JSON.stringify([history]),
      'x-dead-at-ms': Date.parse(deadAt),
    });
  });

  it('tries a copy again that the broker does not take, before it gives the message back', async () => {
    const { steps, run } = world({ outcomes: [REFUSED, { status: 'unreachable', reason: 'away' }, CONFIRMED] });
    await run({ status: 'dead_letter', reason: 'x', attempts: [], deadAt: '2026-11-21T09:00:01.234Z' });
    expect(steps).toEqual([...Array(3).fill('publish agent.tester.dead'), 'ack']);
  });

  it.each<[string, () => Promise<boolean>]>([
    ['cannot be written down', () => Promise.reject(new Error('the store is away'))],
    ['was lost to somebody else', async () => false],
  ])('gives a message back whose retry %s', async (_what, confirm) => {
    const { steps, run } = world({ isClosing: true });
    await run({ status: 'retry', delayMs: 1_000, nextAttempt: 4, reason: 'x', attempts: [], confirm });
    expect(steps).toEqual(['publish agent.tester.retry.1s', 'requeue']);
  });

  it('gives a message back, and writes nothing down, when its copy is not taken and the worker stops', async () => {
    const { steps, run } = world({ outcomes: [REFUSED], isClosing: true });
    const confirm = async () => steps.push('written down') > 0;
    await run({ status: 'retry', delayMs: 1_000, nextAttempt: 4, reason: 'x', attempts: [], confirm });
    expect(steps).toEqual(['publish agent.tester.retry.1s', 'requeue']);
  });

  it('does not copy a message that the broker has taken back', async () => {
    const { steps, run, delivery } = world();
    delivery.isSettled = true;
    await run({ status: 'dead_letter', reason: 'x', attempts: [], deadAt: '2026-11-21T09:00:01.234Z' });
    expect(steps).not.toContain('publish agent.tester.dead');
  });

  it('waits before it gives back when that is asked for, but not when the worker stops', async () => {
    const patient = world();
    const begin = performance.now();
    await patient.run({ status: 'give_back', pauseMs: 50 });
    expect(performance.now() - begin).toBeGreaterThan(45);
    const stopping = world();
    const running = stopping.run({ status: 'give_back', pauseMs: 60_000 });
    stopping.close();
    await running;
    expect([patient.steps, stopping.steps]).toEqual([['requeue'], ['requeue']]);
  });
});

function world({
  outcomes = [],
  isClosing = false,
  headers = {},
}: {
  outcomes?: PublishOutcome[];
  isClosing?: boolean;
  headers?: Record<string, unknown>;
} = {}) {
  const steps: string[] = [];
  const published: OutgoingMessage[] = [];
  const closing = new AbortController();
  if (isClosing) closing.abort();
  const broker: Pick<Broker, 'publish'> = {
    publish: async (message) => {
      steps.push(`publish ${message.routingKey}`);
      published.push(message);
      return outcomes.shift() ?? CONFIRMED;
    },
  };
  const delivery = {
    message: {
      exchange: 'agents',
      routingKey: 'agent.tester',
      body: Buffer.from('{}'),
      headers: { traceparent: 'unchanged', 'x-copy': 'resend', 'x-attempt': 2, 'x-attempts': '[]', ...headers },
      messageId: 'task-1',
      priority: 8,
    },
    redelivered: true,
    deliveryCount: 1,
    isSettled: false as boolean,
    lost: new AbortController().signal,
    ack: () => void steps.push('ack'),
    requeue: () => void steps.push('requeue'),
    reject: () => void steps.push('reject'),
  } satisfies Delivery;
  const { logger } = createTelemetry({ serviceName: 'test' });
  const options = { broker: broker as Broker, logger, agentId: 'tester', closing: closing.signal };
  // The third attempt: the second ended with the death of its worker.
  const notification = { attempt: 3, acceptedAtMs: 1_000 } as IncomingNotification;
  return {
    steps,
    published,
    delivery,
    close: () => closing.abort(),
    run: (settlement: Settlement) => settle(options, delivery, notification, settlement),
  };
}
