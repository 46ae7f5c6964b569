import { randomUUID } from 'node:crypto';
import type {
  AuditList,
  BulkAnswer,
  CancelAnswer,
  ControlMessage,
  NotifyAccepted,
  RetryAccepted,
  TaskEventKind,
  TaskRecord,
} from '@tracepost/contracts';
import { controlTopology, readControl, readNotification } from '@tracepost/messaging';
import { sampleRetry } from '@tracepost/stores/contract';
import { until } from '@tracepost/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failTask, type HandWorker, openHandWorker } from './helpers/kept-tasks.ts';
import { type Moods, moodyBroker } from './helpers/moody-broker.ts';
import { FORECAST, openWorld, type World } from './helpers/open-world.ts';
import { useWorld } from './helpers/use-world.ts';

const world = useWorld();
let worker: HandWorker;
beforeAll(async () => {
  worker = await openHandWorker(world());
});
afterAll(() => worker[Symbol.asyncDispose]());

describe('cancel', () => {
  test('a task that has not begun ends at once, and whoever takes its message finds the ending', async () => {
    const { taskId } = await world().accept();
    const answer = await cancel(taskId, { by: 'anna' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ taskId, outcome: 'cancelled', status: 'cancelled' });
    expect(await record(taskId)).toMatchObject({ status: 'cancelled', statusChanges: [{}, { by: 'anna' }] });
    expect(await worker.begin(taskId)).toMatchObject({ status: 'ended', event: { kind: 'cancelled' } });
    expect((await cancel(taskId)).body).toEqual(answer.body);
    (await worker.take(taskId)).ack();
  });

  test('a task that runs is asked to stop, by a message to the workers of its agent, each time', async () => {
    const heard = await listenForCancels();
    const { taskId } = await world().accept();
    await worker.begin(taskId);
    for (const expected of [1, 2]) {
      expect((await cancel(taskId)).body).toEqual({ taskId, outcome: 'requested', status: 'running' });
      await until(() => heard.filter((message) => message.taskId === taskId).length === expected);
    }
    expect(heard.at(-1)).toMatchObject({ action: 'cancel', agentId: 'weather', by: 'http' });
    await worker.end(taskId, 'succeeded');
  });

  test('a task that waits for its next attempt ends at once', async () => {
    const { taskId } = await world().accept();
    const claim = await worker.begin(taskId);
    const generation = claim.status === 'claimed' ? claim.generation : 0;
    await world().records.inbox.awaitRetry(sampleRetry(taskId, generation, 2));
    expect((await cancel(taskId)).body).toMatchObject({ outcome: 'cancelled' });
    expect((await cancel(taskId)).body).toMatchObject({ outcome: 'cancelled' });
    (await worker.take(taskId)).ack();
  });

  test('a task that has ended stays as it is, and that is said', async () => {
    const { taskId } = await failTask(world(), worker);
    for (const _ of [1, 2]) {
      expect((await cancel(taskId)).body).toEqual({ taskId, outcome: 'already_ended', status: 'failed' });
    }
    expect(await record(taskId)).toMatchObject({ status: 'failed' });
  });

  test('an unknown task is not found, and a body of another form does nothing', async () => {
    expect(await cancel(randomUUID())).toMatchObject({ status: 404, body: { code: 'TASK_NOT_FOUND' } });
    const { taskId } = await world().accept();
    expect(await cancel(taskId, { by: 'a b' })).toMatchObject({ status: 400 });
    expect(await cancel(taskId, { because: 'x' })).toMatchObject({ status: 400 });
    expect(await record(taskId)).toMatchObject({ status: 'accepted' });
    // Without a body, and without saying what it would be.
    const bare = await fetch(`${world().url}/api/v1/tasks/${taskId}/cancel`, { method: 'POST' });
    expect(bare.status).toBe(200);
  });
});

describe('retry', () => {
  test('an ended task is done again as a new one, with the same payload and a trace of its own', async () => {
    const first = await failTask(world(), worker);
    const answer = await retry(first.taskId);
    expect(answer.status).toBe(202);
    const { body } = answer;
    expect(body).toMatchObject({ retryOf: first.taskId, status: 'accepted', correlationId: first.correlationId });
    expect(body.taskId).not.toBe(first.taskId);
    expect(body.traceId).not.toBe(first.traceId);
    expect(answer.headers.get('location')).toBe(`/api/v1/tasks/${body.taskId}`);
    const { message } = await worker.take(body.taskId);
    const read = readNotification(message, Date.now());
    expect(read).toMatchObject({
      notification: { data: FORECAST.payload, retryOf: first.taskId, notificationType: FORECAST.notificationType },
    });
    expect(message.headers['x-copy']).toMatch(/^[0-9a-f]{32}$/);
    expect(await record(body.taskId)).toMatchObject({ retryOf: first.taskId, status: 'accepted' });
  });

  test('asked again before the new one has ended the answer is the same, also when asked at once', async () => {
    const { taskId } = await failTask(world(), worker);
    const [one, two] = await Promise.all([retry(taskId), retry(taskId)]);
    const three = await retry(taskId);
    expect([one?.status, two?.status, three.status]).toEqual([202, 202, 202]);
    expect(two?.body.taskId).toBe(one?.body.taskId);
    expect(three.body.taskId).toBe(one?.body.taskId);
    await worker.begin(three.body.taskId);
    await worker.end(three.body.taskId, 'failed');
    const next = await retry(taskId);
    expect(next.status).toBe(202);
    expect(next.body.taskId).not.toBe(three.body.taskId);
    expect(next.body.retryOf).toBe(taskId);
  });

  test('the dead letter of a task that is repeated is gone', async () => {
    const { taskId } = await failTask(world(), worker);
    const { deadLetters } = world().records;
    const { body } = await worker.take(taskId).then(({ message }) => message);
    const known = { queue: 'agent.weather', agentId: 'weather', notificationType: null, traceId: null, headers: {} };
    const said = { reason: 'tool_error', error: null, deadAt: new Date().toISOString(), attempts: [] };
    await deadLetters.add([{ taskId, ...known, ...said, body }]);
    expect((await retry(taskId)).status).toBe(202);
    expect(await deadLetters.get('agent.weather', taskId)).toBeNull();
  });

  test('a task that has not ended is not repeated', async () => {
    const { taskId } = await world().accept();
    expect(await retry(taskId)).toMatchObject({ status: 409, body: { code: 'TASK_NOT_ENDED' } });
    await cancel(taskId);
  });

  test('a task whose message is not kept any more cannot be repeated, and that is said', async () => {
    const { taskId } = await world().accept();
    await cancel(taskId);
    expect(await retry(taskId)).toMatchObject({ status: 410, body: { code: 'PAYLOAD_FORGOTTEN' } });
    expect(await retry(randomUUID())).toMatchObject({ status: 404, body: { code: 'TASK_NOT_FOUND' } });
  });
});

describe('bulk', () => {
  test('each task has its own outcome', async () => {
    const [queued, running] = [await world().accept(), await world().accept()];
    await worker.begin(running.taskId);
    const failed = await failTask(world(), worker);
    const unknown = randomUUID();
    const taskIds = [queued.taskId, running.taskId, failed.taskId, unknown, queued.taskId];
    const { status, body } = await bulk({ action: 'cancel', taskIds });
    expect(status).toBe(200);
    expect(body.items.map(({ taskId, outcome, code }) => [taskId, outcome, code])).toEqual([
      [queued.taskId, 'cancelled', null],
      [running.taskId, 'requested', null],
      [failed.taskId, 'already_ended', null],
      [unknown, 'refused', 'TASK_NOT_FOUND'],
    ]);
    expect(body).toMatchObject({
      counts: { cancelled: 1, requested: 1, already_ended: 1, refused: 1 },
      hasMore: false,
    });

    const again = await bulk({ action: 'retry', taskIds: [failed.taskId, running.taskId] });
    expect(again.body.items).toMatchObject([
      { taskId: failed.taskId, outcome: 'retried', newTaskId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      { taskId: running.taskId, outcome: 'refused', code: 'TASK_NOT_ENDED' },
    ]);
    await worker.end(running.taskId, 'succeeded');
  });

  test('a filter takes those that are meant: for cancel what has not ended, for retry what went wrong', async () => {
    const sessionId = `session-${randomUUID()}`;
    const accepted = await Promise.all(
      [1, 2, 3].map(async () => (await world().notify<NotifyAccepted>({ ...FORECAST, sessionId })).body.taskId),
    );
    const [good, bad, queued] = accepted as [string, string, string];
    await worker.begin(good);
    await worker.end(good, 'succeeded');
    await worker.begin(bad);
    await worker.end(bad, 'failed');
    await recorded(accepted);
    const retried = await bulk({ action: 'retry', filter: { sessionId } });
    expect(retried.body.items).toMatchObject([{ taskId: bad, outcome: 'retried' }]);
    const cancelled = await bulk({ action: 'cancel', filter: { sessionId }, by: 'anna' });
    expect(cancelled.body.items.map(({ taskId }) => taskId)).toContain(queued);
    expect(cancelled.body.items.map(({ taskId }) => taskId)).not.toContain(good);
    expect(await record(queued)).toMatchObject({ status: 'cancelled', statusChanges: [{}, { by: 'anna' }] });
  });

  test('nothing is done when the body is wrong', async () => {
    const { taskId } = await world().accept();
    const wrong: unknown[] = [
      { action: 'cancel' },
      { action: 'cancel', filter: {} },
      { action: 'cancel', taskIds: [] },
      { action: 'cancel', taskIds: [taskId], filter: { agentId: 'weather' } },
      { action: 'delete', taskIds: [taskId] },
      { action: 'cancel', taskIds: [taskId, 7] },
      { action: 'cancel', taskIds: [taskId, ...Array.from({ length: 1_000 }, () => randomUUID())] },
      { action: 'cancel', taskIds: [taskId], force: true },
      { action: 'cancel', filter: { agentId: 'weather', colour: 'red' } },
    ];
    for (const body of wrong) expect(await bulk(body)).toMatchObject({ status: 400 });
    expect(await record(taskId)).toMatchObject({ status: 'accepted' });
    await cancel(taskId);
  });
});

describe('the audit trail', () => {
  test('says who did what to which task, newest first, in pages', async () => {
    const { taskId } = await failTask(world(), worker);
    await cancel(taskId, { by: 'anna' });
    const repeated = await retry(taskId, { by: 'berta' });
    await retry(randomUUID());
    const { body } = await world().get<AuditList>(`/api/v1/audit?taskId=${taskId}`);
    expect(body.items).toMatchObject([
      { action: 'retry', by: 'berta', taskId, outcome: 'accepted', newTaskId: repeated.body.taskId },
      { action: 'cancel', by: 'anna', taskId, outcome: 'already_ended', newTaskId: null, agentId: 'weather' },
    ]);
    const page = await world().get<AuditList>(`/api/v1/audit?taskId=${taskId}&limit=1`);
    expect(page.body.items).toHaveLength(1);
    const rest = await world().get<AuditList>(`/api/v1/audit?taskId=${taskId}&cursor=${page.body.nextCursor}`);
    expect(rest.body.items).toEqual(body.items.slice(1));
    const retries = await world().get<AuditList>(`/api/v1/audit?taskId=${taskId}&action=retry`);
    expect(retries.body.items).toHaveLength(1);
    for (const query of ['action=shout', 'cursor=nonsense', 'from=2026-13-01', 'colour=red', 'limit=0']) {
      expect(await world().get(`/api/v1/audit?${query}`)).toMatchObject({ status: 400 });
    }
  });
});

describe('while a store is away', () => {
  test('nothing is promised: cancel, retry, bulk and audit answer 503', async () => {
    const away = () => Promise.reject(new Error('away'));
    await using broken = await openWorld({
      replace: ({ records, inbox, audit }) => ({
        records: { ...records, listTasks: away },
        inbox: { ...inbox, cancel: away, payloadOf: away },
        audit: { ...audit, list: away },
      }),
    });
    const { taskId } = await broken.accept();
    expect(await broken.post(`/api/v1/tasks/${taskId}/cancel`, {})).toMatchObject(UNAVAILABLE);
    expect(await broken.post('/api/v1/tasks/bulk', { action: 'cancel', filter: { agentId: 'weather' } })).toMatchObject(
      UNAVAILABLE,
    );
    expect(await broken.get('/api/v1/audit')).toMatchObject(UNAVAILABLE);
    await using hand = await openHandWorker(broken);
    const failed = await failTask(broken, hand);
    expect(await broken.post(`/api/v1/tasks/${failed.taskId}/retry`, {})).toMatchObject(UNAVAILABLE);
  });

  test('a cancel that was marked and could not be told to the broker is refused, and stands in the trail all the same', async () => {
    let moods: Moods | undefined;
    await using cut = await openWorld({
      replace: ({ broker }) => {
        const moody = moodyBroker(broker);
        moods = moody.moods;
        return { broker: moody.broker };
      },
    });
    const { taskId } = await cut.accept();
    moods?.become('connecting');
    const path = `/api/v1/tasks/${taskId}/cancel`;
    expect(await cut.post(path, { by: 'anna' })).toMatchObject({ status: 503, body: { code: 'BROKER_UNREACHABLE' } });
    moods?.become('ready');
    const { body } = await cut.get<AuditList>(`/api/v1/audit?taskId=${taskId}`);
    expect(body.items).toMatchObject([{ action: 'cancel', by: 'anna', taskId, outcome: 'cancelled' }]);
  });

  test('a deed that cannot be written down is told as such, and asking again writes it', async () => {
    let failures = 0;
    await using broken = await openWorld({
      replace: ({ audit }) => ({
        audit: {
          ...audit,
          add: (entries) => (failures++ === 0 ? Promise.reject(new Error('away')) : audit.add(entries)),
        },
      }),
    });
    const { taskId } = await broken.accept();
    expect(await broken.post(`/api/v1/tasks/${taskId}/cancel`, {})).toMatchObject(UNAVAILABLE);
    expect(await broken.post(`/api/v1/tasks/${taskId}/cancel`, {})).toMatchObject({
      status: 200,
      body: { outcome: 'cancelled' },
    });
    expect((await broken.get<AuditList>('/api/v1/audit')).body.items).toHaveLength(1);
  });
});

const UNAVAILABLE = { status: 503, body: { code: 'RECORDS_UNAVAILABLE' } };

function cancel(taskId: string, body: unknown = {}) {
  return world().post<CancelAnswer>(`/api/v1/tasks/${taskId}/cancel`, body);
}

function retry(taskId: string, body: unknown = {}) {
  return world().post<RetryAccepted>(`/api/v1/tasks/${taskId}/retry`, body);
}

function bulk(body: unknown) {
  return world().post<BulkAnswer>('/api/v1/tasks/bulk', body);
}

async function record(taskId: string, from: World = world()): Promise<TaskRecord> {
  return (await from.get<TaskRecord>(`/api/v1/tasks/${taskId}`)).body;
}

/** No recorder runs here: what the gateway has heard is written by hand. */
async function recorded(taskIds: readonly string[]): Promise<void> {
  const { records } = world();
  for (const taskId of taskIds) {
    const task = await record(taskId);
    const kinds: readonly TaskEventKind[] = task.status === 'accepted' ? [] : [task.status as TaskEventKind];
    const at = new Date().toISOString();
    await records.applyTaskEvents(
      (['accepted', ...kinds] as const).map((kind) => ({ eventId: `${taskId}-${kind}`, kind, at, by: 'test', task })),
    );
  }
}

async function listenForCancels(): Promise<ControlMessage[]> {
  const heard: ControlMessage[] = [];
  const queue = `worker-${randomUUID()}`;
  await world().broker.declare(controlTopology(queue, ['weather']));
  await world().broker.consume({
    queue,
    prefetch: 10,
    onDelivery: (delivery) => {
      const read = readControl(delivery.message);
      if (read.status === 'read') heard.push(read.control);
      delivery.ack();
    },
  });
  return heard;
}
