import { randomUUID } from 'node:crypto';
import { describeWithDocker, until, useRabbitMq } from '@tracepost/testing';
import { expect, test } from 'vitest';
import { openRabbitGateway, type RabbitGateway } from './helpers/open-rabbit-gateway.ts';
import { takeAll } from './helpers/take-all.ts';

describeWithDocker('never a 202 that can be lost, on RabbitMQ', () => {
  const server = useRabbitMq();
  const open = (options: { readonly confirmTimeoutMs?: number } = {}) =>
    openRabbitGateway(server(), { agentId: `a-${randomUUID().slice(0, 8)}`, ...options });
  const queueOf = ({ agentId }: RabbitGateway) => `agent.${agentId}`;
  const isEmpty = ({ outbox }: RabbitGateway) =>
    until(() => outbox.read().messages === 0, { timeoutMs: 20_000, what: 'the outbox to be empty' });
  const idsOn = async (gateway: RabbitGateway, atLeast: number) =>
    (await takeAll(gateway.other, queueOf(gateway), { atLeast })).map(({ messageId }) => messageId);

  test('a broker that is away: 202 at once, and everything arrives in order when it is back', async () => {
    await using gateway = await open();
    gateway.proxy.cut();
    await until(() => gateway.broker.state === 'unreachable');
    const accepted: string[] = [];
    for (let index = 0; index < 50; index += 1) {
      const { status, taskId, ms } = await gateway.notify();
      expect(status).toBe(202);
      expect(ms).toBeLessThan(1_000);
      accepted.push(taskId);
    }
    gateway.proxy.restore();
    await isEmpty(gateway);
    expect(await idsOn(gateway, 50)).toEqual(accepted);
    await until(async () => (await gateway.notify()).status === 202 && gateway.outbox.read().messages === 0);
  }, 60_000);

  test('a network that swallows everything: 202 within the confirm timeout, then at once', async () => {
    await using gateway = await open({ confirmTimeoutMs: 1_000 });
    gateway.proxy.blackHole();
    const waited = await Promise.all(Array.from({ length: 10 }, () => gateway.notify()));
    for (const { status, ms } of waited) {
      expect(status).toBe(202);
      expect(ms).toBeLessThan(2_500);
    }
    const after = await gateway.notify();
    expect(after).toMatchObject({ status: 202 });
    expect(after.ms).toBeLessThan(1_000);
    gateway.proxy.reset();
    gateway.proxy.restore();
    await isEmpty(gateway);
    const ids = new Set(await idsOn(gateway, 11));
    expect(ids).toEqual(new Set([...waited, after].map(({ taskId }) => taskId)));
  }, 60_000);

  test('a reset after the broker has stored and before it confirms: the same message again, as another copy', async () => {
    await using gateway = await open();
    gateway.proxy.swallowAnswers();
    const asked = gateway.notify();
    // The broker counts what it has now and then.
    await until(async () => (await gateway.other.inspect(queueOf(gateway)))?.ready === 1, { timeoutMs: 20_000 });
    gateway.proxy.reset();
    gateway.proxy.restore();
    const { status, taskId } = await asked;
    expect(status).toBe(202);
    await isEmpty(gateway);
    const copies = await takeAll(gateway.other, queueOf(gateway), { atLeast: 2 });
    expect(new Set(copies.map(({ messageId }) => messageId))).toEqual(new Set([taskId]));
    expect(new Set(copies.map(({ headers }) => headers['x-copy'])).size).toBe(copies.length);
  }, 60_000);

  test('a queue at its maximum length: 503, never a 202, and again a 202 when there is room', async () => {
    await using gateway = await open();
    const policy = `limit-${gateway.agentId}`;
    await server().ctl('set_policy', policy, `^${queueOf(gateway)}$`, '{"max-length":3}', '--apply-to', 'queues');
    const accepted: string[] = [];
    const refused = await until(
      async () => {
        const answer = await gateway.notify();
        if (answer.status === 202) accepted.push(answer.taskId);
        return answer.status === 202 ? null : answer;
      },
      { timeoutMs: 20_000, what: 'the queue to be full' },
    );
    expect(refused).toMatchObject({ status: 503, code: 'QUEUE_FULL' });
    expect(gateway.outbox.read().messages).toBe(0);
    expect(await idsOn(gateway, accepted.length)).toEqual(accepted);
    await until(async () => (await gateway.notify()).status === 202);
  }, 60_000);

  test('a queue that was deleted: 503, and soon there again', async () => {
    await using gateway = await open();
    await server().ctl('delete_queue', queueOf(gateway));
    const first = await gateway.notify();
    if (first.status !== 202) expect(first).toMatchObject({ status: 503, code: 'QUEUE_MISSING' });
    const { taskId } = await until(
      async () => {
        const answer = await gateway.notify();
        return answer.status === 202 ? answer : null;
      },
      { timeoutMs: 10_000 },
    );
    expect(await idsOn(gateway, 1)).toContain(taskId);
  }, 60_000);

  test('a memory alarm: 202 from the disk within a second, delivered after it', async () => {
    await using gateway = await open();
    await server().ctl('set_vm_memory_high_watermark', '0.0000001');
    const accepted: string[] = [];
    try {
      // The broker tells only those who publish.
      const first = gateway.notify();
      await until(() => gateway.broker.state === 'blocked', { timeoutMs: 20_000, what: 'the alarm' });
      for (let index = 0; index < 5; index += 1) {
        const answer = await gateway.notify();
        expect(answer.status).toBe(202);
        expect(answer.ms).toBeLessThan(1_000);
        accepted.push(answer.taskId);
      }
      await server().ctl('set_vm_memory_high_watermark', '0.6');
      const { status, taskId } = await first;
      expect(status).toBe(202);
      accepted.push(taskId);
    } finally {
      await server().ctl('set_vm_memory_high_watermark', '0.6');
    }
    await isEmpty(gateway);
    expect(new Set(await idsOn(gateway, accepted.length))).toEqual(new Set(accepted));
  }, 60_000);

  test('a password that was changed: not ready, with the reason and no word of who or where; ready again with the right one', async () => {
    await using gateway = await open();
    const { username, password } = server();
    try {
      await server().ctl('change_password', username, 'another one');
      await server().closeAllConnections();
      const failing = await until(() => brokerCheck(gateway), { timeoutMs: 5_000, what: 'not to be ready' });
      expect(failing.status).toBe('unhealthy');
      const told = await until(
        async () => {
          const { message = '' } = (await brokerCheck(gateway)) ?? {};
          return message.includes('ACCESS_REFUSED') && message;
        },
        { timeoutMs: 5_000, what: 'the reason' },
      );
      expect(told).toBe('unreachable: it refuses the login: user or password is wrong (ACCESS_REFUSED)');
      for (const secret of [username, password, String(server().port)]) expect(told).not.toContain(secret);
      // Nothing is lost meanwhile.
      expect(await gateway.notify()).toMatchObject({ status: 202 });
    } finally {
      await server().ctl('change_password', username, password);
    }
    await until(async () => (await brokerCheck(gateway)) === null, { timeoutMs: 5_000, what: 'to be ready again' });
    await isEmpty(gateway);
  }, 60_000);

  test('rights that were revoked: not ready while they are, with the reason; ready again with them, and nothing lost', async () => {
    await using gateway = await open();
    const { username } = server();
    const answers: Awaited<ReturnType<typeof gateway.notify>>[] = [];
    try {
      await server().ctl('set_permissions', username, '.*', '^amq\\.gen.*', '.*');
      await server().closeAllConnections();
      await until(() => gateway.broker.state !== 'ready');
      await until(
        async () => {
          answers.push(await gateway.notify());
          return (await brokerCheck(gateway))?.message.includes('ACCESS_REFUSED') ?? false;
        },
        { timeoutMs: 10_000, everyMs: 100, what: 'the reason' },
      );
      // Until the rights are back: no new channel makes it look as if it could.
      const end = performance.now() + 4_000;
      while (performance.now() < end) {
        expect((await brokerCheck(gateway))?.message).toContain('it refuses a right that is needed here');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    } finally {
      await server().ctl('set_permissions', username, '.*', '.*', '.*');
    }
    await until(async () => (await brokerCheck(gateway)) === null, { timeoutMs: 5_000, what: 'to be ready again' });
    await isEmpty(gateway);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    const arrived = await idsOn(gateway, answers.length);
    expect(new Set(arrived)).toEqual(new Set(answers.map(({ taskId }) => taskId)));
  }, 60_000);

  /** What readiness says of the broker; null when nothing is wrong with it. */
  async function brokerCheck({ world }: RabbitGateway): Promise<{ status: string; message: string } | null> {
    const answer = await fetch(`${world.url}/health/ready`);
    const { failing } = (await answer.json()) as { failing: { name: string; status: string; message: string }[] };
    return failing.find(({ name }) => name === 'broker') ?? null;
  }
});
