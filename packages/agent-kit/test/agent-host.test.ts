import type { Broker } from '@tracepost/messaging';
import type { InboxStore } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAgentHost, defineTool, PermanentFailure } from '../src/index.ts';
import { agentOf, openWorkbench, SOON, telemetry, type Workbench } from './workbench.ts';

let bench: Workbench;

beforeEach(async () => {
  bench = await openWorkbench();
});

afterEach(async () => {
  await bench[Symbol.asyncDispose]();
});

describe('an agent host', () => {
  it('tells started and succeeded, with result, usage and the facts of the attempt', async () => {
    const double = defineTool({ name: 'double', description: 'twice', run: async (text: string) => text + text });
    await bench.host([
      agentOf(async ({ useTool, addCost }, { what }) => {
        for (let i = 0; i < 10; i++) addCost(0.1);
        return { text: await useTool(double, what) };
      }),
    ]);
    await bench.publish({ what: 'ab' });
    const ending = await bench.ending();
    expect(bench.events.map((event) => event.kind)).toEqual(['started', 'succeeded']);
    expect(ending).toMatchObject({
      kind: 'succeeded',
      result: { text: 'abab' },
      // Ten times a tenth: as floating-point numbers that would be 0.9999999999999999.
      usage: { toolCalls: 1, costUsd: 1 },
      task: { taskId: 'task-1', agentId: 'tester', sessionId: 's', correlationId: 'c', source: 'test' },
      attempt: { number: 1, workerId: 'worker-1' },
    });
    expect(ending.attempt?.queueWaitMs).toBeGreaterThanOrEqual(0);
    expect(await bench.depth('agent.tester.dead')).toBe(0);
  });

  it('fails a task with the code of its handler, and keeps the message aside with its history', async () => {
    await bench.host([
      agentOf(async () => {
        throw new PermanentFailure('out_of_paper', 'the printer has no paper');
      }),
    ]);
    await bench.publish({ what: 'x' });
    const ending = await bench.ending();
    expect(ending).toMatchObject({ kind: 'failed', error: { code: 'out_of_paper' } });
    const dead = await bench.dead();
    expect(dead.messageId).toBe('task-1');
    expect(dead.headers['x-dead-reason']).toBe('out_of_paper');
    expect(dead.headers['x-dead-at-ms']).toBe(Date.parse(ending.at));
    expect(JSON.parse(String(dead.headers['x-attempts']))).toMatchObject([
      { number: 1, workerId: 'worker-1', error: { code: 'out_of_paper', message: 'the printer has no paper' } },
    ]);
  });

  it.each<[string, unknown, string]>([
    ['a payload against the schema', { other: 1 }, 'invalid_payload'],
    ['an error of the handler’s own', { what: 'throw' }, 'handler_error'],
    ['a tool that breaks', { what: 'tool' }, 'tool_error'],
    ['a result that is no JSON', { what: 'circle' }, 'invalid_result'],
  ])('fails %s with its code', async (_what, payload, code) => {
    const broken = defineTool({ name: 'broken', description: 'breaks', run: () => Promise.reject(new Error('snap')) });
    await bench.host([
      agentOf(
        async ({ useTool }, { what }) => {
          if (what === 'throw') throw new Error('oops');
          if (what === 'tool') await useTool(broken, null);
          const circle: Record<string, unknown> = {};
          circle.self = circle;
          return circle;
        },
        { retry: { maxAttempts: 1 } },
      ),
    ]);
    await bench.publish(payload);
    expect(await bench.ending()).toMatchObject({ kind: 'failed', error: { code } });
  });

  it.each<[string, unknown, string]>([
    ['has no text', Object.create(null), '[object Object]'],
    ['has a message that is no text', Object.assign(new Error(), { message: 7, stack: ['a'] }), '7'],
    ['is nothing', undefined, 'undefined'],
    ['is longer than the broker takes', new Error('x'.repeat(17 * 1024 * 1024)), `${'x'.repeat(4_000)}…`],
  ])('fails once with what was thrown, also when it %s', async (_what, thrown, message) => {
    let runs = 0;
    await bench.host([
      agentOf(
        async () => {
          runs += 1;
          throw thrown;
        },
        { retry: { maxAttempts: 1 } },
      ),
    ]);
    await bench.publish({ what: 'x' });
    const { error } = await bench.ending();
    expect(error?.code).toBe('handler_error');
    expect(error?.message.startsWith(message)).toBe(true);
    await bench.dead();
    expect(runs).toBe(1);
  });

  it('takes a result that comes at once and not by a promise, and a log line of anything', async () => {
    const handle = ({ logger }: { logger: { info(fields: object, message: string): void } }) => {
      const circle: Record<string, unknown> = { big: 1n };
      circle.self = circle;
      logger.info({ circle, big: 1n, error: Object.create(null) }, 'odd');
      return 'at once';
    };
    await bench.host([agentOf(handle as unknown as Parameters<typeof agentOf>[0])]);
    await bench.publish({ what: 'x' });
    expect(await bench.ending()).toMatchObject({ kind: 'succeeded', result: 'at once' });
  });

  it('gives the time that was asked for, also when it is longer than a timer can be', async () => {
    await bench.host([
      agentOf(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return 'in time';
      }),
    ]);
    await bench.publish({ what: 'x' }, { timeoutMs: 2 ** 40 });
    expect(await bench.ending()).toMatchObject({ kind: 'succeeded', result: 'in time' });
  });

  it('fails a notification type that the agent does not take', async () => {
    await bench.host([agentOf(async () => null)]);
    await bench.publish({ what: 'x' }, { notificationType: 'test.other' });
    expect(await bench.ending()).toMatchObject({ kind: 'failed', error: { code: 'unknown_notification_type' } });
  });

  it('frees the slot of a handler that never settles at its timeout', async () => {
    let signal: AbortSignal | undefined;
    await bench.host([
      agentOf(
        (context, { what }) => {
          if (what === 'next') return Promise.resolve('done');
          signal = context.signal;
          return new Promise(() => {});
        },
        { capacity: 1, retry: { maxAttempts: 1 } },
      ),
    ]);
    await bench.publish({ what: 'hang' }, { timeoutMs: 50 });
    expect(await bench.ending()).toMatchObject({ kind: 'timed_out', error: { code: 'timed_out' } });
    expect(signal?.aborted).toBe(true);
    await bench.publish({ what: 'next' }, { taskId: 'task-2' });
    expect(await bench.ending('task-2')).toMatchObject({ kind: 'succeeded', result: 'done' });
  });

  it('works on no more than its capacity at a time', async () => {
    let active = 0;
    let most = 0;
    await bench.host([
      agentOf(
        async () => {
          active += 1;
          most = Math.max(most, active);
          await new Promise((resolve) => setTimeout(resolve, 5));
          active -= 1;
          return null;
        },
        { capacity: 2 },
      ),
    ]);
    for (let number = 0; number < 8; number++) await bench.publish({ what: 'x' }, { taskId: `task-${number}` });
    for (let number = 0; number < 8; number++) await bench.ending(`task-${number}`);
    expect(most).toBe(2);
  });

  it('parks a message that cannot be read with its reason, and calls the task dead', async () => {
    await bench.host([agentOf(async () => null)]);
    await bench.broker.publish({
      exchange: 'agents',
      routingKey: 'agent.tester',
      mandatory: true,
      messageId: 'foreign-7',
      headers: { 'x-own': 'kept' },
      body: Buffer.from('{"half":'),
    });
    expect(await bench.ending('foreign-7')).toMatchObject({ kind: 'dead', error: { code: 'not_json' } });
    const parked = await bench.dead();
    expect(parked.body.toString()).toBe('{"half":');
    expect(parked.headers).toMatchObject({ 'x-own': 'kept', 'x-dead-reason': expect.stringMatching(/^not_json/) });
  });

  it('counts such a message once, when it is through, however often the inbox was away before', async () => {
    const counted: string[] = [];
    const lines: string[] = [];
    let away = 2;
    const observed = {
      ...createTelemetry({ serviceName: 'test', terminalLevel: 'warn', write: (line) => lines.push(line) }),
      metrics: {
        ...telemetry.metrics,
        add: (name: string) => void counted.push(name),
      },
    };
    const inbox: InboxStore = {
      ...bench.inbox,
      end: (ending) => (away-- > 0 ? Promise.reject(new Error('no such host')) : bench.inbox.end(ending)),
    };
    await bench.host([agentOf(async () => null)], { inbox, telemetry: observed });
    await bench.broker.publish({
      ...{ exchange: 'agents', routingKey: 'agent.tester', mandatory: true, messageId: 'foreign-8', headers: {} },
      body: Buffer.from('{"half":'),
    });
    await bench.dead();
    await expect.poll(() => counted, SOON).toContain('tracepost.messages.parked');
    expect(away).toBe(-1);
    const wanted = ['tracepost.task.executions', 'tracepost.messages.parked'];
    expect(counted.filter((name) => wanted.includes(name))).toEqual(wanted);
    expect(lines.filter((line) => line.includes('no such host'))).toHaveLength(2);
  });

  it('keeps a result too large for a record as an artifact', async () => {
    await bench.host([agentOf(async () => 'x'.repeat(300_000))]);
    await bench.publish({ what: 'x' });
    const { result } = await bench.ending();
    const { artifactId, bytes } = result as { artifactId: string; bytes: number };
    expect(bytes).toBe(300_002);
    expect((await bench.artifacts.read(artifactId))?.content.length).toBe(300_002);
  });

  it('announces itself running at the start and stopped at the end, with schemas and capacity', async () => {
    const host = await bench.host([agentOf(async () => null, { capacity: 3 })]);
    await host.close();
    await expect
      .poll(() => bench.announcements.map((announcement) => announcement.state), SOON)
      .toEqual(['running', 'stopped']);
    expect(bench.announcements[0]).toMatchObject({
      agentId: 'tester',
      workerId: 'worker-1',
      capacity: 3,
      notificationTypes: [{ type: 'test.work', schema: { required: ['what'] } }],
    });
  });

  it('that is closed while it starts takes nothing, announces nothing and is not ready', async () => {
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    const slow: Broker = {
      ...bench.broker,
      declare: (topology) => bench.broker.declare(topology),
      publish: (message) => bench.broker.publish(message),
      consume: async (subscription) => {
        if (subscription.queue !== 'agent.tester') return bench.broker.consume(subscription);
        asked.resolve();
        await answer.promise;
        return bench.broker.consume(subscription);
      },
    };
    const closed = createAgentHost({
      agents: [agentOf(async () => null)],
      broker: slow,
      inbox: bench.inbox,
      artifacts: bench.artifacts,
      telemetry,
      workerId: 'worker-1',
    });
    const started = closed.start();
    const refused = expect(started).rejects.toThrow('closed while it started');
    await asked.promise;
    await closed.close();
    answer.resolve();
    await refused;
    expect(closed.isReady).toBe(false);
    expect((await bench.broker.inspect('agent.tester'))?.consumers).toBe(0);
    expect(bench.announcements).toEqual([]);
  });

  it('waits for running work when it stops, and gives back what does not end in time', async () => {
    let release = (): void => {};
    const host = await bench.host(
      [
        agentOf((_context, { what }) => {
          if (what !== 'short') return new Promise(() => {});
          return new Promise((resolve) => {
            release = () => resolve('in time');
          });
        }),
      ],
      { graceMs: 200 },
    );
    await bench.publish({ what: 'short' }, { taskId: 'short' });
    await bench.publish({ what: 'long' }, { taskId: 'long' });
    await expect.poll(() => bench.events.filter((event) => event.kind === 'started').length, SOON).toBe(2);
    const closing = host.close();
    release();
    await closing;
    expect((await bench.ending('short')).result).toBe('in time');
    expect(bench.told('long')).toEqual(['started']);
    expect(await bench.depth('agent.tester')).toBe(1);
  });
});
