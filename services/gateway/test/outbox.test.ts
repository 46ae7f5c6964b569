import { join } from 'node:path';
import type { NotifyAccepted, StatusView, TaskRecord } from '@tracepost/contracts';
import { RECORDER_QUEUE, readEvent } from '@tracepost/messaging';
import { type Outbox, openOutbox } from '@tracepost/messaging/outbox';
import { until } from '@tracepost/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { answerToHeaders } from './helpers/answer-to-headers.ts';
import { type Moods, moodyBroker } from './helpers/moody-broker.ts';
import { FORECAST, openWorld, WEATHER, type World } from './helpers/open-world.ts';
import { takeAll } from './helpers/take-all.ts';

const MAX_MESSAGES = 20;
let world: World;
let moods: Moods;
let outbox: Outbox;

beforeAll(async () => {
  world = await openWorld({
    replace: async (real) => {
      const moody = moodyBroker(real.broker);
      moods = moody.moods;
      const { broker } = moody;
      const path = join(real.config.storageFolder ?? '', 'outbox.db');
      outbox = await openOutbox({ path, broker, telemetry: real.telemetry, maxMessages: MAX_MESSAGES });
      return { broker, outbox };
    },
  });
});
beforeEach(async () => {
  moods.toAgents = null;
  moods.become('ready');
  await until(() => outbox.read().messages === 0);
  await takeAll(world.broker, 'agent.weather');
});
afterAll(async () => {
  await outbox.close();
  await world[Symbol.asyncDispose]();
});

const outboxCheck = async () => {
  const { body } = await world.get<StatusView>('/api/v1/status');
  return body.checks.find(({ name }) => name === 'outbox');
};

describe('while the broker is away', () => {
  test('notifications are accepted, can be read, and arrive in order when it is back', async () => {
    moods.become('unreachable');
    const accepted: NotifyAccepted[] = [];
    for (let index = 0; index < 5; index += 1) accepted.push(await world.accept());
    for (const { links } of accepted) {
      expect((await world.get<TaskRecord>(links.task)).body.status).toBe('accepted');
    }
    await until(async () => (await outboxCheck())?.status === 'degraded');
    expect((await outboxCheck())?.message).toMatch(
      /^\d+ messages \(\d+\.\d MiB\) wait for the broker, the oldest for \d+ s$/,
    );
    moods.become('ready');
    const sent = await takeAll(world.broker, 'agent.weather', { atLeast: 5 });
    expect(sent.map(({ messageId }) => messageId)).toEqual(accepted.map(({ taskId }) => taskId));
    expect(sent.map(({ headers }) => String(headers.traceparent).slice(3, 35))).toEqual(
      accepted.map(({ traceId }) => traceId),
    );
    await until(async () => (await outboxCheck())?.status === 'healthy');
  });

  test('an agent whose queue cannot be declared yet has nobody wait for it, and its queue is there before its first message', async () => {
    moods.become('unreachable');
    await world.announce({ ...WEATHER, agentId: 'late', at: new Date().toISOString() });
    const begin = performance.now();
    const answer = await world.post<NotifyAccepted>('/api/v1/agents/late/notify', FORECAST);
    expect(answer.status).toBe(202);
    expect(performance.now() - begin).toBeLessThan(900);
    moods.become('ready');
    await until(() => outbox.read().messages === 0);
    expect((await takeAll(world.broker, 'agent.late')).map(({ messageId }) => messageId)).toEqual([answer.body.taskId]);
  });

  test('their records begin too, though nobody heard of them then', async () => {
    moods.become('unreachable');
    const { taskId } = await world.accept();
    await takeAll(world.broker, RECORDER_QUEUE);
    moods.become('ready');
    await until(async () => {
      const read = (await takeAll(world.broker, RECORDER_QUEUE)).map(readEvent);
      const events = read.flatMap((one) => (one.kind === 'tasks' ? one.events : []));
      return events.some(({ task, kind }) => task.taskId === taskId && kind === 'accepted');
    });
  });

  test('past the limit they are refused, the status says so, and no 202 is lost', async () => {
    moods.become('blocked');
    const answers = await Promise.all(Array.from({ length: 2 * MAX_MESSAGES }, () => world.notify(FORECAST)));
    const refused = answers.filter(({ status }) => status !== 202);
    expect(refused.length).toBeGreaterThanOrEqual(MAX_MESSAGES);
    for (const { body, headers } of refused) {
      expect(body).toMatchObject({ status: 503, code: 'OUTBOX_FULL' });
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
    await until(async () => (await outboxCheck())?.status === 'unhealthy');
    expect((await outboxCheck())?.message).toMatch(/^full: /);
    moods.become('ready');
    const accepted = answers.flatMap(({ status, body }) =>
      status === 202 ? [(body as unknown as NotifyAccepted).taskId] : [],
    );
    const sent = await takeAll(world.broker, 'agent.weather', { atLeast: accepted.length });
    expect(new Set(sent.map(({ messageId }) => messageId))).toEqual(new Set(accepted));
  });
});

test('a confirm that does not come leads to a 202 from the disk, and to the same task again', async () => {
  const { promise: never, resolve } = Promise.withResolvers<void>();
  moods.toAgents = async (message) => {
    resolve();
    await world.broker.publish(message);
    return { status: 'unconfirmed', reason: 'late' };
  };
  const asked = world.accept();
  await never;
  const { taskId } = await asked;
  moods.toAgents = null;
  await until(() => outbox.read().messages === 0);
  const sent = await takeAll(world.broker, 'agent.weather');
  expect(sent.length).toBeGreaterThanOrEqual(2);
  expect(new Set(sent.map(({ messageId }) => messageId))).toEqual(new Set([taskId]));
  expect(new Set(sent.map(({ headers }) => headers['x-copy'])).size).toBe(sent.length);
});

test.each([
  ['refused', 'QUEUE_FULL'],
  ['unroutable', 'QUEUE_MISSING'],
] as const)('what the broker says no to (%s) is never a 202, and never kept', async (status, code) => {
  moods.toAgents = () => ({ status, reason: 'no' });
  const answer = await world.notify(FORECAST);
  expect(answer.body).toMatchObject({ status: 503, code });
  expect(outbox.read().messages).toBe(0);
});

test('an idempotency key is answered from the disk like any other, and released when nothing could be kept', async () => {
  moods.become('unreachable');
  const headers = { 'idempotency-key': 'away-1' };
  const first = await world.notify<NotifyAccepted>(FORECAST, headers);
  expect(first.status).toBe(202);
  const again = await world.notify<NotifyAccepted>(FORECAST, headers);
  expect(again.body).toEqual(first.body);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  await Promise.all(Array.from({ length: MAX_MESSAGES }, () => world.notify(FORECAST)));
  const full = { 'idempotency-key': 'away-2' };
  expect((await world.notify(FORECAST, full)).body.code).toBe('OUTBOX_FULL');
  moods.become('ready');
  await until(() => outbox.read().messages === 0);
  expect((await world.notify({ ...FORECAST, payload: { location: 'Porto' } }, full)).status).toBe(202);
});

describe('too much at a time', () => {
  test('is turned away at once, and let in again when some have gone', async () => {
    const { promise: opened, resolve } = Promise.withResolvers<Moods>();
    await using small = await openWorld({
      config: { maxWaiting: 3 },
      replace: (real) => {
        const moody = moodyBroker(real.broker);
        resolve(moody.moods);
        return { broker: moody.broker };
      },
    });
    const ownMoods = await opened;
    const confirm = Promise.withResolvers<void>();
    let sent = 0;
    ownMoods.toAgents = async () => {
      sent += 1;
      await confirm.promise;
      return { status: 'confirmed' };
    };
    const waiting = [small.notify(FORECAST), small.notify(FORECAST), small.notify(FORECAST)];
    await until(() => sent === 3);
    const begin = performance.now();
    const turnedAway = await small.notify(FORECAST);
    expect(turnedAway.body).toMatchObject({ status: 503, code: 'TOO_MANY_WAITING' });
    expect(turnedAway.headers.get('retry-after')).toBe('1');
    expect(performance.now() - begin).toBeLessThan(1_000);
    expect(
      await answerToHeaders(small.url, `/api/v1/agents/${WEATHER.agentId}/notify`),
      'the body is not waited for',
    ).toMatch(/^HTTP\/1\.1 503 /);
    confirm.resolve();
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(202);
    expect((await small.notify(FORECAST)).status).toBe(202);
  });
});
