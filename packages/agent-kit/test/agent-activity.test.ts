import { AgentActivity } from '@tracepost/contracts';
import { Check } from 'typebox/value';
import { expect, it } from 'vitest';
import { createAgentActivity } from '../src/agent-activity.ts';
import { RetryLater } from '../src/index.ts';
import { agentOf, openWorkbench, SOON, type Workbench } from './workbench.ts';

it('tells what an agent did, for each tenant, and nothing of an agent that did nothing', async () => {
  await using bench = await openWorkbench();
  const heard = await listen(bench);
  await bench.host(
    [
      agentOf(
        async ({ addCost, taskId }) => {
          addCost(0.1);
          if (taskId === 'bad') throw new Error('no');
          return null;
        },
        { retry: { maxAttempts: 1 } },
      ),
    ],
    { activityIntervalMs: 200 },
  );
  await bench.publish({ what: 'x' }, { taskId: 'good' });
  await bench.publish({ what: 'x' }, { taskId: 'bad' });
  await bench.publish({ what: 'x' }, { taskId: 'other', tenantId: 'acme' });
  for (const task of ['good', 'bad', 'other']) await bench.ending(task);
  const total = (tenant: string, key: 'invocations' | 'errors' | 'totalCostUsd') =>
    heard.filter(({ tenantId }) => tenantId === tenant).reduce((sum, { metrics }) => sum + metrics[key], 0);
  await expect.poll(() => total('default', 'invocations') + total('acme', 'invocations'), SOON).toBe(3);
  expect([total('default', 'errors'), total('acme', 'errors')]).toEqual([1, 0]);
  expect(total('default', 'totalCostUsd')).toBeCloseTo(0.2, 12);
  expect(heard.every((event) => Check(AgentActivity, event))).toBe(true);
  expect(heard.every(({ agentId, metrics }) => agentId === 'tester' && metrics.invocations > 0)).toBe(true);
});

it('tells what is left when the host stops; an attempt that is followed by another has no response time yet', async () => {
  await using bench = await openWorkbench();
  const heard = await listen(bench);
  const host = await bench.host([
    agentOf(async () => {
      throw new RetryLater('not yet', { delayMs: 60_000 });
    }),
  ]);
  await bench.publish({ what: 'x' });
  await bench.event('attempt_failed');
  expect(heard).toEqual([]);
  await host.close();
  await expect
    .poll(() => heard, SOON)
    .toMatchObject([
      { agentId: 'tester', metrics: { invocations: 1, errors: 1, successRate: 0, avgResponseTimeMs: null } },
    ]);
});

it('keeps tenants without number to so many at a time', async () => {
  const told: AgentActivity[] = [];
  const activity = createAgentActivity({
    publishAgentActivity: async (event) => {
      told.push(event);
      return { status: 'confirmed' };
    },
  });
  const done = { agentId: 'a', isError: false, runMs: 2, responseMs: 10, costUsd: 0.000_1 };
  for (let at = 0; at < 1_500; at += 1) activity.note({ ...done, tenantId: `t-${at}` });
  await activity.close();
  await activity.close();
  expect(told).toHaveLength(1_001);
  expect(told.at(-1)).toMatchObject({
    tenantId: '_OTHER',
    metrics: { invocations: 500, duration: 1_000, successRate: 1, avgResponseTimeMs: 10, totalCostUsd: 0.05 },
  });
});

async function listen({ broker }: Workbench): Promise<AgentActivity[]> {
  const heard: AgentActivity[] = [];
  await broker.declare({
    exchanges: [{ name: 'events', type: 'topic' }],
    queues: [{ kind: 'transient', name: 'activity' }],
    bindings: [{ queue: 'activity', exchange: 'events', key: 'agent.metric.#' }],
  });
  await broker.consume({
    queue: 'activity',
    prefetch: 100,
    onDelivery(delivery) {
      heard.push(JSON.parse(delivery.message.body.toString()) as AgentActivity);
      delivery.ack();
    },
  });
  return heard;
}
