import { randomUUID } from 'node:crypto';
import type { EventAccepted, EventList, EventView, RecordBatchAnswer, StatusView } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import type { Asked } from './asked.ts';
import type { Answer } from './client.ts';

/** What others tell: events and metrics, recorded once and found again. */
export function describeRecording(asked: Asked): void {
  const post = (path: string, body: unknown): Promise<Answer> =>
    asked.client.call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  const untilFound = async (query: string, count: number): Promise<EventView[]> => {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const { items } = (await asked.client.call(`/api/v1/events?limit=1000&${query}`)).json<EventList>();
      if (items.length >= count) return items;
      if (Date.now() > deadline) throw new Error(`${query}: ${items.length} of ${count} events`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };

  it('records an event once, however often it is sent, and finds it again', async () => {
    const source = `suite-${randomUUID()}`;
    const event = { type: 'COMMAND', source, data: { pay: 'o-1', password: 'x' }, eventId: source, severity: 'info' };
    for (let time = 0; time < 3; time++) {
      const answer = await post('/api/v1/events', { ...event, timestamp: '2026-11-21T10:00:00+01:00' });
      expect(answer.status).toBe(202);
      expect(answer.json<EventAccepted>()).toEqual({ eventId: source, timestamp: '2026-11-21T09:00:00.000Z' });
    }
    const more = Array.from({ length: 200 }, (_, data) => ({ type: 'OPERATION', source, data }));
    const { accepted, refused } = (await post('/api/v1/events', [...more, 7])).json<RecordBatchAnswer>();
    expect([accepted.length, refused.map(({ index, code }) => [index, code])]).toEqual([200, [[200, 'INVALID_EVENT']]]);
    const found = await untilFound(`source=${source}`, 201);
    expect(found).toHaveLength(201);
    expect(await untilFound(`source=${source}&type=COMMAND`, 1)).toMatchObject([
      { ...event, data: { pay: 'o-1', password: '****' }, correlationId: null },
    ]);
  });

  it('finds a recorded metric as an event of type METRIC, and counts what it recorded in its status', async () => {
    const eventsNow = async () => (await asked.client.call('/api/v1/status')).json<StatusView>().recorded.events;
    const source = `suite-${randomUUID()}`;
    const metric = { name: `suite.${randomUUID()}`, value: '12.5', kind: 'gauge', unit: 'ms', source };
    const before = await eventsNow();
    expect((await post('/api/v1/metrics', { ...metric, attributes: { region: 'eu' } })).status).toBe(202);
    const [event] = await untilFound(`source=${source}&type=METRIC`, 1);
    expect(event?.data).toEqual({
      name: metric.name,
      value: 12.5,
      kind: 'gauge',
      unit: 'ms',
      attributes: { region: 'eu' },
    });
    await expect.poll(eventsNow, { timeout: 60_000, interval: 500 }).toBeGreaterThan(before);
  }, 90_000);

  it('refuses what is no event, and a loop', async () => {
    const source = `suite-${randomUUID()}`;
    const wrong = await post('/api/v1/metrics', { name: 'suite.wrong', value: 'many' });
    expect([wrong.status, wrong.problem().code]).toEqual([400, 'INVALID_EVENT']);
    expect(wrong.problem().receivedEvent).toEqual({ name: 'suite.wrong', value: 'many' });
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => post('/api/v1/events', { type: 'COMMAND', source, data: 'again' })),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(20);
    const loop = answers.find(({ status }) => status === 429);
    expect(loop?.problem().code).toBe('LOOP_DETECTED');
    expect(await untilFound(`source=${source}`, 20)).toHaveLength(20);
  });
}
