import { TaskRecord } from '@tracepost/contracts';
import { until } from '@tracepost/testing';
import { Check } from 'typebox/value';
import { expect, test } from 'vitest';
import { openWorld, workerEvent } from './helpers/open-world.ts';
import { useWorld } from './helpers/use-world.ts';

const world = useWorld();

async function acceptTask(): Promise<TaskRecord> {
  const accepted = await world().accept();
  return (await world().get<TaskRecord>(accepted.links.task)).body;
}

test('a task is shown with every field of its record', async () => {
  const task = await acceptTask();
  expect(Check(TaskRecord, task)).toBe(true);
  await world().publish(workerEvent(task, 'started'));
  await world().publish(workerEvent(task, 'succeeded'));
  const path = `/api/v1/tasks/${task.taskId}`;
  const ended = await until(async () => {
    const answer = await world().get<TaskRecord>(path);
    return answer.body.status === 'succeeded' ? answer.body : null;
  });
  expect(Check(TaskRecord, ended)).toBe(true);
  expect(ended).toMatchObject({ result: { answer: 42 }, attempts: [{ number: 1, status: 'succeeded', runMs: 2 }] });
});

test('a client that waits is answered when the task ends', async () => {
  const task = await acceptTask();
  const waiting = world().get<TaskRecord>(`/api/v1/tasks/${task.taskId}`, { prefer: 'wait=60' });
  await world().publish(workerEvent(task, 'started'));
  await world().publish(workerEvent(task, 'failed'));
  const answer = await waiting;
  expect(answer.headers.get('preference-applied')).toBe('wait=60');
  expect(answer.body).toMatchObject({ status: 'failed', error: { code: 'tool_error' } });
});

test('a client that waits in vain gets what is known', async () => {
  const task = await acceptTask();
  const started = performance.now();
  const answer = await world().get<TaskRecord>(`/api/v1/tasks/${task.taskId}`, { prefer: 'wait=1' });
  expect(performance.now() - started).toBeGreaterThanOrEqual(990);
  expect(answer.body.status).toBe('accepted');
  expect(answer.headers.get('preference-applied')).toBe('wait=1');
});

test('waiting is at most 60 seconds, and what is applied is said', async () => {
  const task = await acceptTask();
  const waiting = world().get(`/api/v1/tasks/${task.taskId}`, { prefer: 'wait=9999' });
  await world().publish(workerEvent(task, 'succeeded'));
  expect((await waiting).headers.get('preference-applied')).toBe('wait=60');
});

test('a task that only the record store knows is found, foreign ids too', async () => {
  const foreign = 'order/7 of?ours'.replaceAll(' ', '_');
  const task = await acceptTask();
  await world().records.applyTaskEvents([workerEvent({ ...task, taskId: foreign }, 'succeeded')]);
  const answer = await world().get<TaskRecord>(`/api/v1/tasks/${encodeURIComponent(foreign)}`);
  expect(answer.body).toMatchObject({ taskId: foreign, status: 'succeeded' });
});

test('an unknown task is 404, and asked again in a second it may be known', async () => {
  for (const headers of [{}, { prefer: 'wait=30' }]) {
    const answer = await world().get('/api/v1/tasks/0198c0de-0000-7000-8000-000000000000', headers);
    expect(answer.body).toMatchObject({ status: 404, code: 'TASK_NOT_FOUND' });
    expect(answer.headers.get('retry-after')).toBe('1');
  }
  expect((await world().get(`/api/v1/tasks/${'x'.repeat(129)}`)).body.code).toBe('INVALID_REQUEST');
});

test('with the record store away a remembered task is shown, and another is 503', async () => {
  await using lonely = await openWorld({
    replace: ({ records }) => ({
      records: {
        ...records,
        getTask: () => Promise.reject(new Error('away')),
        ping: () => Promise.reject(new Error('away')),
      },
    }),
  });
  const accepted = await lonely.accept();
  expect((await lonely.get<TaskRecord>(accepted.links.task)).body.status).toBe('accepted');
  const other = await lonely.get('/api/v1/tasks/other');
  expect(other.body).toMatchObject({ status: 503, code: 'RECORDS_UNAVAILABLE' });
  expect(other.headers.get('retry-after')).toBe('2');
  // Workers claim tasks there: with it away for more than a moment, none makes progress.
  const ready = await until(async () => {
    const answer = await lonely.get<{ failing: { name: string }[] }>('/health/ready');
    return answer.status === 503 && answer.body;
  });
  expect(ready.failing.map((check) => check.name)).toEqual(['records']);
});

test('after a restart the agents are known from the record store', async () => {
  const { announcements } = await import('./helpers/announcements.ts');
  await using restarted = await openWorld({
    isAnnounced: false,
    replace: ({ records }) => ({ records: { ...records, listAnnouncements: async () => announcements } }),
  });
  expect((await restarted.notify({ notificationType: 'weather.forecast', payload: { location: 'x' } })).status).toBe(
    202,
  );
});
