import { randomUUID } from 'node:crypto';
import type { NotifyAccepted, TaskRecord } from '@tracepost/contracts';
import { type PublishOutcome, RECORDER_QUEUE, readEvent } from '@tracepost/messaging';
import type { IdempotencyKeyStore } from '@tracepost/stores';
import { until } from '@tracepost/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Moods, moodyBroker } from './helpers/moody-broker.ts';
import { FORECAST, openWorld, WEATHER, type World } from './helpers/open-world.ts';
import { takeAll } from './helpers/take-all.ts';

let world: World;
let moods: Moods;
let keys: IdempotencyKeyStore;
/** What stands in for a call of the key store; the others are real. */
let broken: Partial<IdempotencyKeyStore> = {};

beforeAll(async () => {
  world = await openWorld({
    replace: (real) => {
      const moody = moodyBroker(real.broker);
      moods = moody.moods;
      keys = real.keys;
      return {
        broker: moody.broker,
        keys: {
          claim: (request) => (broken.claim ?? keys.claim)(request),
          answer: (key) => (broken.answer ?? keys.answer)(key),
          release: (key) => (broken.release ?? keys.release)(key),
          purge: (nowMs) => keys.purge(nowMs),
        },
      };
    },
  });
});
beforeEach(async () => {
  moods.toAgents = null;
  broken = {};
  await takeAll(world.broker, 'agent.weather');
});
afterAll(async () => world[Symbol.asyncDispose]());

const ask = <T = NotifyAccepted>(key: string, body: unknown = FORECAST) =>
  world.notify<T>(body, { 'idempotency-key': key });
const outcome =
  (told: PublishOutcome): Moods['toAgents'] =>
  () =>
    told;

describe('the same key', () => {
  test('and the same body get the first answer again, and nothing is sent twice', async () => {
    const key = randomUUID();
    const first = await ask(key);
    expect(first.status).toBe(202);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    const again = await ask(key);
    expect(again.status).toBe(202);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.headers.get('x-trace-id')).not.toBe(first.headers.get('x-trace-id'));
    expect(await takeAll(world.broker, 'agent.weather')).toHaveLength(1);
  });

  test('and a body that means the same, written otherwise, too', async () => {
    const key = randomUUID();
    const first = await ask(
      key,
      '{"notificationType":"weather.forecast","payload":{"location":"Lisbon"},"timeoutMs":1000}',
    );
    const again = await ask(
      key,
      '{ "timeoutMs": 1e3, "payload": {"location": "Lisbon"}, "notificationType": "weather.forecast" }',
    );
    expect(again.body).toEqual(first.body);
  });

  test.each([
    ['another payload', { ...FORECAST, payload: { location: 'Porto' } }],
    ['another field', { ...FORECAST, priority: 'high' }],
  ])('with %s is refused', async (_what, other) => {
    const key = randomUUID();
    await ask(key);
    const refused = await ask(key, other);
    expect(refused.body).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await takeAll(world.broker, 'agent.weather')).toHaveLength(1);
  });

  test('for another agent is another key', async () => {
    await world.announce({ ...WEATHER, agentId: 'climate', at: new Date().toISOString() });
    const key = randomUUID();
    const one = await ask(key);
    const headers = { 'idempotency-key': key };
    const other = await world.post<NotifyAccepted>('/api/v1/agents/climate/notify', FORECAST, headers);
    expect(other.status).toBe(202);
    expect(other.body.taskId).not.toBe(one.body.taskId);
  });

  test('twenty times at once is one task, sent once', async () => {
    const key = randomUUID();
    let claims = 0;
    const allClaimed = Promise.withResolvers<void>();
    broken.claim = async (request) => {
      const claimed = await keys.claim(request);
      claims += 1;
      if (claims === 20) allClaimed.resolve();
      return claimed;
    };
    moods.toAgents = async (message) => {
      await allClaimed.promise;
      return world.broker.publish(message);
    };
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.taskId)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(19);
    expect(await takeAll(world.broker, 'agent.weather')).toHaveLength(1);
  });

  test('stands in the record of its task', async () => {
    const key = randomUUID();
    await takeAll(world.broker, RECORDER_QUEUE);
    const { body } = await ask(key);
    expect((await world.get<TaskRecord>(body.links.task)).body.idempotencyKey).toBe(key);
    const event = await until(async () => {
      const read = (await takeAll(world.broker, RECORDER_QUEUE)).map(readEvent);
      return read
        .flatMap((one) => (one.kind === 'tasks' ? one.events : []))
        .find(({ task }) => task.taskId === body.taskId);
    });
    expect(event).toMatchObject({ kind: 'accepted', by: 'gateway', task: { idempotencyKey: key } });
  });
});

describe('a key that is not answered yet', () => {
  const claimedBefore = async (key: string) => {
    const { bodyHash } = await import('../src/notify/body-hash.ts');
    const first = { taskId: randomUUID(), traceId: 'a'.repeat(32) };
    const nowMs = Date.now();
    await keys.claim({ tenantId: 'default', agentId: 'weather', key, bodyHash: bodyHash(FORECAST), ...first, nowMs });
    return first;
  };

  test('of a gateway that died leads to its task, in its trace, as another copy', async () => {
    const key = randomUUID();
    const first = await claimedBefore(key);
    const answer = await ask(key);
    expect(answer.body).toMatchObject(first);
    expect(answer.headers.get('idempotent-replayed')).toBeNull();
    const [sent] = await takeAll(world.broker, 'agent.weather');
    expect(sent?.messageId).toBe(first.taskId);
    expect(sent?.headers.traceparent).toContain(first.traceId);
    expect(sent?.headers['x-copy']).toMatch(/^[0-9a-f]{16}$/);
    expect((await ask(key)).headers.get('idempotent-replayed')).toBe('true');
  });

  test('stays its task when the broker says no to the repetition: the first one may be there', async () => {
    const key = randomUUID();
    const first = await claimedBefore(key);
    moods.toAgents = outcome({ status: 'refused', reason: 'full' });
    expect((await ask(key)).status).toBe(503);
    moods.toAgents = null;
    expect((await ask(key)).body.taskId).toBe(first.taskId);
  });
});

describe('when nothing was accepted', () => {
  test.each<PublishOutcome>([
    { status: 'refused', reason: 'full' },
    { status: 'unroutable' },
    { status: 'unreachable', reason: 'away' },
  ])('because it was $status, the key is free again, also for another body', async (told) => {
    const key = randomUUID();
    moods.toAgents = outcome(told);
    expect((await ask(key)).status).toBe(503);
    moods.toAgents = null;
    const answer = await ask(key, { ...FORECAST, payload: { location: 'Porto' } });
    expect(answer.status).toBe(202);
  });

  test('for want of a confirm, a retry runs the same task', async () => {
    const key = randomUUID();
    let sent: string | undefined;
    moods.toAgents = ({ messageId }) => {
      sent = messageId;
      return { status: 'unconfirmed', reason: 'late' };
    };
    expect((await ask<{ code: string }>(key)).body.code).toBe('CONFIRM_MISSING');
    moods.toAgents = null;
    expect((await ask(key)).body.taskId).toBe(sent);
  });

  test('because the request was wrong, the key was never used', async () => {
    const key = randomUUID();
    expect((await ask(key, { ...FORECAST, payload: {} })).status).toBe(400);
    expect((await ask(key)).status).toBe(202);
  });
});

describe('the store of keys', () => {
  test.each<[string, IdempotencyKeyStore['claim']]>([
    ['is down', async () => Promise.reject(new Error('no connection'))],
    ['hangs', () => new Promise(() => undefined)],
  ])('%s: nothing is accepted, within seconds', async (_what, claim) => {
    broken = { claim };
    const begin = performance.now();
    const answer = await ask(randomUUID());
    expect(answer.body).toMatchObject({ status: 503, code: 'KEYS_UNAVAILABLE' });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(performance.now() - begin).toBeLessThan(4_000);
    expect(await takeAll(world.broker, 'agent.weather')).toEqual([]);
  });

  test('that is full refuses a new key, once it is clear that it is none of those it has; without a key all goes on', async () => {
    broken = { claim: async () => ({ status: 'full' }) };
    const answer = await ask(randomUUID());
    expect(answer.body).toMatchObject({ status: 503, code: 'KEYS_FULL' });
    expect(answer.headers.get('retry-after')).toBe('60');
    expect(await takeAll(world.broker, 'agent.weather')).toEqual([]);
    expect(world.lines.some((line) => line.hopResult === 'full' && line.level === 'warn')).toBe(true);
    expect((await world.notify(FORECAST)).status).toBe(202);
  });

  test('is not asked for a request without a key', async () => {
    broken = { claim: async () => Promise.reject(new Error('asked')) };
    expect((await world.notify(FORECAST)).status).toBe(202);
  });

  test('that forgets to write the answer down leads every retry to the same task', async () => {
    const key = randomUUID();
    broken = { answer: async () => Promise.reject(new Error('gone')) };
    const first = await ask(key);
    expect(first.status).toBe(202);
    broken = {};
    expect((await ask(key)).body.taskId).toBe(first.body.taskId);
    expect(world.lines.some((line) => line.hopResult === 'pending' && line.level === 'warn')).toBe(true);
  });
});

describe('a key is 1 to 255 printable characters', () => {
  test.each([['!'], ['~'.repeat(255)], ['"quoted"']])('%.20s is taken', async (key) => {
    expect((await ask(key)).status).toBe(202);
  });

  test.each([[''], ['a b'], ['x'.repeat(256)], ['ä'], ['a\tb']])('"%.20s" is refused', async (key) => {
    const answer = await ask<{ code: string }>(key);
    expect(answer.body).toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
  });
});
