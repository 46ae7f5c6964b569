import type { AgentMetrics } from '@tracepost/contracts';
import { until } from '@tracepost/testing';
import { expect, it } from 'vitest';
import { type Asked, lisbon } from './asked.ts';

/** What an agent's metrics promise, over HTTP alone. */
export function describeWindows(asked: Asked): void {
  it('counts a task in the metrics of its agent, from the millisecond in which it ended', async () => {
    const { task } = await asked.client.run('weather', lisbon);
    const endedMs = Date.parse(task.endedAt ?? '');
    const window = async (fromMs: number, toMs: number) => {
      const range = `from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`;
      const answer = await asked.client.call(`/api/v1/agents/weather/metrics?${range}`);
      expect(answer.status).toBe(200);
      return answer.json<AgentMetrics>();
    };
    const counted = await until(
      async () => {
        const metrics = await window(endedMs, endedMs + 1);
        return metrics.totalTasks > 0 && metrics;
      },
      { what: 'the task in the roll-ups' },
    );
    expect(counted).toMatchObject({
      agentId: 'weather',
      window: null,
      totalTasks: 1,
      successfulTasks: 1,
      failedTasks: 0,
    });
    expect(counted.performance.averageResponseTimeMs).toBe(task.durationMs);
    const { p50ResponseTimeMs } = counted.performance;
    const right = task.durationMs ?? Number.NaN;
    expect(Math.abs((p50ResponseTimeMs ?? Number.NaN) - right)).toBeLessThanOrEqual(0.008 * right);

    const { totalTasks } = await window(endedMs - 60_000, endedMs);
    expect((await window(endedMs - 60_000, endedMs + 1)).totalTasks).toBe(totalTasks + 1);
    const day = (await asked.client.call('/api/v1/agents/weather/metrics')).json<AgentMetrics>();
    expect(day.window).toBe('24h');
    expect(day.totalTasks).toBeGreaterThanOrEqual(totalTasks + 1);
    expect(day.totalTasks).toBeGreaterThanOrEqual(day.successfulTasks + day.failedTasks);
  });
}
