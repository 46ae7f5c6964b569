import type { NotifyAccepted, QueueView, TaskRecord } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import { type Asked, lisbon, untilStatus } from './asked.ts';

/** Nothing lost, nothing twice, and hands on it. */
export function describeDelivery(asked: Asked): void {
  it('ends an attempt at its timeout as timed_out', async () => {
    const { task } = await asked.client.run('weather', {
      ...lisbon,
      timeoutMs: 300,
      payload: { location: 'Slowtown', days: 1 },
    });
    expect(task).toMatchObject({ status: 'timed_out', error: { code: 'timed_out' }, result: null });
  });

  it('takes the same key for the same task, and another body for a mistake', async () => {
    const key = { 'idempotency-key': `key-${Date.now()}` };
    const first = await asked.client.notify('weather', lisbon, key);
    const again = await asked.client.notify('weather', lisbon, key);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.json()).toEqual(first.json());
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    const other = await asked.client.notify('weather', { ...lisbon, sessionId: 'another' }, key);
    expect(other.status).toBe(422);
    const task = await asked.client.task(first.json<NotifyAccepted>().taskId);
    expect(task).toMatchObject({ status: 'succeeded', idempotencyKey: key['idempotency-key'] });
  });

  it('keeps what failed as a dead letter, does it again as a new task, and writes down who asked', async () => {
    const { task } = await asked.client.run('weather', { ...lisbon, payload: { location: 'Atlantis', days: 1 } });
    const letters = '/api/v1/queues/agent.weather/dead-letters';
    const opened = await untilStatus(asked.client, `${letters}/${task.taskId}`, 200);
    expect(opened.json()).toMatchObject({ taskId: task.taskId, agentId: 'weather', attempts: [{ number: 1 }] });
    const json = { 'content-type': 'application/json' };
    const requeued = await asked.client.call(`${letters}/${task.taskId}/requeue`, {
      method: 'POST',
      headers: json,
      body: '{}',
    });
    expect(requeued.status).toBe(202);
    const repeated = await asked.client.task(requeued.json<NotifyAccepted>().taskId);
    expect(repeated).toMatchObject({ status: 'failed', retryOf: task.taskId });
    expect((await asked.client.call(`${letters}/${task.taskId}`)).status).toBe(404);
    await untilStatus(asked.client, `${letters}/${repeated.taskId}`, 200);
    expect((await asked.client.call(`${letters}/${repeated.taskId}`, { method: 'DELETE' })).status).toBeLessThan(300);
    const audit = (await asked.client.call('/api/v1/audit')).json<{ items: { action: string; taskId: string }[] }>();
    const actions = audit.items.filter(({ taskId }) => [task.taskId, repeated.taskId].includes(taskId));
    expect(actions.map(({ action }) => action)).toEqual(['delete_dead_letter', 'requeue_dead_letter']);
  });

  it('cancels a task that waits for its retry, twice with the same answer', async () => {
    const accepted = (
      await asked.client.notify('weather', { ...lisbon, payload: { location: 'Slowtown', days: 1 } })
    ).json<NotifyAccepted>();
    const cancel = () =>
      asked.client.call(`/api/v1/tasks/${accepted.taskId}/cancel`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
    const [first, again] = [await cancel(), await cancel()];
    expect([first.status, again.status]).toEqual([200, 200]);
    const task = await asked.client.task(accepted.taskId);
    expect(task.status).toBe('cancelled');
    expect(task.statusChanges.filter(({ status }) => status === 'cancelled')).toHaveLength(1);
  });

  it('lists tasks by their facts, shows the queues, and tells the life of a task as events', async () => {
    const { task } = await asked.client.run('weather', { ...lisbon, sessionId: `listed-${Date.now()}` });
    const listed = await asked.client.call(`/api/v1/tasks?sessionId=${task.sessionId}&status=succeeded`);
    expect(listed.json<{ items: TaskRecord[] }>().items.map(({ taskId }) => taskId)).toEqual([task.taskId]);
    const queues = (await asked.client.call('/api/v1/queues')).json<{ items: QueueView[] }>().items;
    const weather = queues.find(({ name }) => name === 'agent.weather');
    expect(weather).toMatchObject({ agentId: 'weather', ready: 0, delayed: 0, consumers: 1 });
    const events = await asked.client.call(`/api/v1/tasks/${task.taskId}/events`);
    expect(events.text.match(/^event: .*/gm)).toEqual(['event: accepted', 'event: started', 'event: succeeded']);
  });
}
