import type { LogView, TraceSummary, TraceView } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import { type Asked, lisbon, untilLogged } from './asked.ts';
import type { Client } from './client.ts';

interface Page {
  readonly items: readonly (TraceSummary & { readonly links: { readonly trace: string } })[];
  readonly nextCursor: string | null;
}

/** Traces and log lines are found by what they say. */
export function describeSearching(asked: Asked): void {
  it('finds the trace of a task by everything that its spans say', async () => {
    const { accepted, task } = await asked.client.run('weather', { ...lisbon, sessionId: 'searched' });
    const { traceId } = accepted;
    const trace = await asked.client.completeTrace(traceId);
    const summary = await untilFound(asked.client, `taskId=${task.taskId}`, (found) =>
      found.some(({ spanCount }) => spanCount === trace.spans.length),
    );
    expect(summary).toMatchObject({
      traceId,
      status: 'ok',
      errorCount: 0,
      accuracy: 'exact',
      rootService: 'tracepost-gateway',
      services: ['tracepost-agents', 'tracepost-gateway'],
      agentIds: ['weather'],
      taskIds: [task.taskId],
      truncated: [],
      links: { trace: `/api/v1/traces/${traceId}` },
    });
    expect(new Set(summary.spanNames)).toEqual(new Set(trace.spans.map(({ name }) => name)));
    expect(Math.abs(summary.durationMs - trace.durationMs)).toBeLessThan(2);
    expect((await asked.client.call(summary.links.trace)).json<TraceView>().spans).toHaveLength(summary.spanCount);

    const from = encodeURIComponent(new Date(Date.parse(summary.startedAt)).toISOString());
    const to = encodeURIComponent(new Date(Date.parse(summary.startedAt) + 1).toISOString());
    const name = encodeURIComponent(summary.spanNames[0] ?? '');
    const some = `from=${from}&to=${to}`;
    for (const query of [
      `agentId=weather&${some}`,
      `service=tracepost-agents&status=ok&${some}`,
      `name=${name}&minDurationMs=1&${some}`,
      `attribute=tracepost.notification.type:weather.forecast&attribute=session.id:searched&${some}`,
    ])
      expect([query, await idsOf(asked.client, query)]).toEqual([query, expect.arrayContaining([traceId])]);
    for (const query of [
      `agentId=bg-remover&${some}`,
      `status=error&${some}`,
      `minDurationMs=3600000&${some}`,
      `attribute=session.id:another&${some}`,
      `taskId=${task.taskId}&to=${from}`,
    ])
      expect([query, await idsOf(asked.client, query)]).toEqual([query, expect.not.arrayContaining([traceId])]);
  });

  it('lists traces newest first, page by page, and refuses what cannot be asked', async () => {
    const runs = [1, 2, 3, 4].map(() => asked.client.run('weather', lisbon));
    const ids = (await Promise.all(runs)).map(({ accepted }) => accepted.traceId);
    // Spans arrive a few seconds after the work, and a page is only as long as the list.
    await untilFound(asked.client, 'agentId=weather&limit=50', (found) =>
      ids.every((traceId) => found.some((one) => one.traceId === traceId)),
    );
    const first = await pageOf(asked.client, 'agentId=weather&limit=2');
    const second = await pageOf(asked.client, `agentId=weather&limit=2&cursor=${first.nextCursor}`);
    const starts = [...first.items, ...second.items].map(({ startedAt }) => startedAt);
    expect(starts).toEqual(starts.toSorted().reverse());
    expect(new Set([...first.items, ...second.items].map(({ traceId }) => traceId)).size).toBe(starts.length);
    const refused = await asked.client.call('/api/v1/traces?attribute=http.route');
    expect(refused.status).toBe(400);
    expect(refused.problem().errors?.[0]).toMatchObject({ pointer: '/attribute/0' });
  });

  it('finds log lines of an agent, and those of one task among them', async () => {
    const { task } = await asked.client.run('weather', lisbon);
    const lines = await untilLogged(asked.client, `agentId=weather&taskId=${task.taskId}`, (found) => found.length > 0);
    expect(lines.every((line: LogView) => line.agentId === 'weather' && line.taskId === task.taskId)).toBe(true);
    const others = await untilLogged(asked.client, 'agentId=weather&limit=5', (found) => found.length > 0);
    expect(others.every((line: LogView) => line.agentId === 'weather')).toBe(true);
    expect((await asked.client.call('/api/v1/logs?agentId=nobody')).json<{ items: LogView[] }>().items).toEqual([]);
  });
}

async function untilFound(
  client: Client,
  query: string,
  isThere: (found: Page['items']) => boolean,
): Promise<Page['items'][number]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const { items } = await pageOf(client, query);
    if (items[0] && isThere(items)) return items[0];
    if (Date.now() > deadline) throw new Error(`not found by ${query}: ${JSON.stringify(items).slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function pageOf(client: Client, query: string): Promise<Page> {
  const answer = await client.call(`/api/v1/traces?${query}`);
  if (answer.status !== 200) throw new Error(`${query}: ${answer.status} ${answer.text}`);
  return answer.json<Page>();
}

async function idsOf(client: Client, query: string): Promise<string[]> {
  return (await pageOf(client, query)).items.map(({ traceId }) => traceId);
}
