import { connect } from 'node:net';
import { type Problem, type TaskEvent, type TaskRecord, taskEventId } from '@tracepost/contracts';
import { until } from '@tracepost/testing';
import { afterEach, describe, expect, test } from 'vitest';
import { openWorld, type World, workerEvent } from './helpers/open-world.ts';
import { type EventReader, readEvents } from './helpers/read-events.ts';
import { HOST, rawRequest } from './helpers/send-raw.ts';
import { useWorld } from './helpers/use-world.ts';

const world = useWorld();
const readers: EventReader[] = [];
afterEach(() => {
  for (const reader of readers.splice(0)) reader.leave();
});

async function read(path: string, headers: Record<string, string> = {}, from: World = world()): Promise<EventReader> {
  const reader = await readEvents(`${from.url}/api/v1${path}`, headers);
  readers.push(reader);
  return reader;
}
const resumed = (reader: EventReader) => ({ 'last-event-id': reader.lastEventId() ?? '' });

async function acceptTask(at: World = world()): Promise<TaskRecord> {
  const accepted = await at.accept();
  return (await at.get<TaskRecord>(accepted.links.task)).body;
}

/** An event of any attempt, as a worker would tell it. */
function told(task: TaskRecord, kind: TaskEvent['kind'], attempt = 1, rest: Partial<TaskEvent> = {}): TaskEvent {
  const event = workerEvent(task, kind === 'succeeded' || kind === 'failed' ? kind : 'started');
  const { taskId } = task;
  return {
    ...event,
    kind,
    eventId: taskEventId(taskId, attempt, kind),
    ...(event.attempt ? { attempt: { ...event.attempt, number: attempt } } : {}),
    ...rest,
  };
}
const taskIdsOf = (reader: EventReader) =>
  reader.events.map(({ data }) => (data as TaskEvent | { task?: undefined }).task?.taskId);

describe('GET /api/v1/tasks/{taskId}/events', () => {
  test('tells what has happened, then what happens, and ends with the task', async () => {
    const task = await acceptTask();
    const reader = await read(`/tasks/${task.taskId}/events`);
    expect(reader.status).toBe(200);
    expect(reader.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(reader.headers['x-trace-id']).toMatch(/^[0-9a-f]{32}$/);
    expect(reader.headers['x-correlation-id']).toBeTruthy();
    await reader.waitFor(1);
    expect(reader.text()).toContain('retry: 2000');
    await world().publish(told(task, 'started'));
    await reader.waitFor(2);
    await world().publish(told(task, 'progress', 1, { step: 'asking' }));
    await reader.waitFor(3);
    await world().publish(told(task, 'succeeded'));
    await reader.waitForEnd();
    expect(reader.names).toEqual(['accepted', 'started', 'progress', 'succeeded']);
    const ids = ['accepted', 'started', 'progress', 'succeeded'].map((kind, index) =>
      taskEventId(task.taskId, index === 0 ? 0 : 1, kind as TaskEvent['kind']),
    );
    expect(reader.events.map(({ id }) => id)).toEqual(ids);
    expect(reader.events[3]?.data).toMatchObject({ kind: 'succeeded', result: { answer: 42 }, eventId: ids[3] });
  });

  test('a client that is cut off in the middle of a running task goes on without a gap and without a double', async () => {
    const task = await acceptTask();
    const path = `/tasks/${task.taskId}/events`;
    const first = await read(path);
    await world().publish(told(task, 'started', 1));
    await first.waitFor(2);
    first.leave();
    // While nobody listens.
    await world().publish(told(task, 'attempt_failed', 1, { error: { code: 'tool_error', message: 'no' } }));
    await world().publish(told(task, 'started', 2));
    await until(async () => (await world().get<TaskRecord>(`/api/v1/tasks/${task.taskId}`)).body.attempts.length === 2);
    const second = await read(path, resumed(first));
    await second.waitFor(2);
    second.leave();
    const third = await read(path, resumed(second));
    await world().publish(told(task, 'started', 2));
    await world().publish(told(task, 'succeeded', 2));
    await third.waitForEnd();
    expect([...first.names, ...second.names, ...third.names]).toEqual([
      'accepted',
      'started',
      'attempt_failed',
      'started',
      'succeeded',
    ]);
    const gone = await read(path, resumed(third));
    expect(gone.status).toBe(204);
  });

  test('of an ended task the whole history is told, also when only the store knows it', async () => {
    const task = await acceptTask();
    const other = { ...task, taskId: 'only-stored' };
    await world().records.applyTaskEvents([told(other, 'started', 1), told(other, 'failed', 1)]);
    const reader = await read('/tasks/only-stored/events');
    await reader.waitForEnd();
    expect(reader.names).toEqual(['accepted', 'started', 'failed']);
  });

  test('an unknown task is 404, a strange query 400, a foreign page 403', async () => {
    expect((await world().get('/api/v1/tasks/nobody/events')).body).toMatchObject({
      status: 404,
      code: 'TASK_NOT_FOUND',
    });
    const task = await acceptTask();
    const strange = await world().get<Problem>(`/api/v1/tasks/${task.taskId}/events?from=now`);
    expect(strange.body).toMatchObject({ status: 400, errors: [{ pointer: '/from' }] });
    for (const path of [`/tasks/${task.taskId}/events`, '/live']) {
      expect((await world().get(`/api/v1${path}`, { origin: 'https://example.com' })).body.code).toBe('FOREIGN_ORIGIN');
    }
  });
});

describe('GET /api/v1/live', () => {
  test('tells what this gateway accepts and what workers tell, each once', async () => {
    const reader = await read('/live');
    const task = await acceptTask();
    await world().publish(told(task, 'started'));
    await world().publish(told(task, 'started'));
    await world().publish(told(task, 'succeeded'));
    await reader.waitFor(3);
    expect(reader.names).toEqual(['accepted', 'started', 'succeeded']);
    expect(new Set(taskIdsOf(reader))).toEqual(new Set([task.taskId]));
    expect(reader.events[0]?.id).toMatch(/^[0-9a-f]{16}-\d+$/);
  });

  test('is filtered by agent, kind and status', async () => {
    const all = await read('/live');
    const ends = await read('/live?kind=succeeded,failed');
    const running = await read('/live?status=running&agentId=weather');
    const nobody = await read('/live?agentId=other');
    const task = await acceptTask();
    await world().publish(told(task, 'started'));
    await world().publish(told(task, 'failed'));
    await all.waitFor(3);
    expect(ends.names).toEqual(['failed']);
    expect(running.names).toEqual(['started']);
    expect(nobody.names).toEqual([]);
  });

  test.each([['kind=lost'], ['status=lost'], ['agentId=Not%20Good'], ['since=now']])('%s is refused', async (query) => {
    const answer = await world().get<Problem>(`/api/v1/live?${query}`);
    expect(answer.body).toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
    expect(answer.body.errors).toHaveLength(1);
  });

  test('a client that comes back goes on behind its last event', async () => {
    const first = await read('/live');
    const one = await acceptTask();
    await first.waitFor(1);
    first.leave();
    const two = await acceptTask();
    const second = await read('/live', resumed(first));
    const three = await acceptTask();
    await second.waitFor(2);
    expect([...taskIdsOf(first), ...taskIdsOf(second)]).toEqual([one.taskId, two.taskId, three.taskId]);
  });

  test('one that comes from another gateway is told that something may be missing', async () => {
    const reader = await read('/live', { 'last-event-id': 'fedcba9876543210-17' });
    const task = await acceptTask();
    await reader.waitFor(2);
    expect(reader.events[0]).toMatchObject({ event: 'gap', data: { reason: 'other_gateway' } });
    expect(taskIdsOf(reader)[1]).toBe(task.taskId);
  });

  test('that the gateway was cut off from the broker is told at its place', async () => {
    let tell: (state: string) => void = () => undefined;
    let state = 'ready';
    await using lonely = await openWorld({
      replace: ({ broker }) => ({
        broker: new Proxy(broker, {
          get(target, name) {
            if (name === 'state') return state;
            if (name === 'onStateChange')
              return (listener: (state: string) => void) => {
                tell = listener;
                return () => undefined;
              };
            const member = Reflect.get(target, name);
            return typeof member === 'function' ? member.bind(target) : member;
          },
        }),
      }),
    });
    const reader = await read('/live', {}, lonely);
    const change = (next: string): void => {
      state = next;
      tell(next);
    };
    change('blocked');
    change('unreachable');
    change('connecting');
    change('ready');
    const task = await acceptTask(lonely);
    await reader.waitFor(3);
    expect(reader.names).toEqual(['gap', 'gap', 'accepted']);
    expect(reader.events[1]?.data).toEqual({ reason: 'feed_interrupted' });
    expect(taskIdsOf(reader)[2]).toBe(task.taskId);
    reader.leave();
  });
});

describe('streams end', () => {
  test('when their client goes, which is no error', async () => {
    const before = world().lines.length;
    const reader = await read('/live');
    reader.leave();
    const line = await until(() =>
      world()
        .lines.slice(before)
        .find((seen) => seen.route === '/api/v1/live'),
    );
    expect(line).toMatchObject({ level: 'info', result: 'success', hopName: 'stream', hopResult: 'client_left' });
  });

  test('when the gateway stops, in a moment and with the reason', async () => {
    const stopping = await openWorld();
    const task = await acceptTask(stopping);
    const live = await read('/live', {}, stopping);
    const ofTask = await read(`/tasks/${task.taskId}/events`, {}, stopping);
    await ofTask.waitFor(1);
    const started = performance.now();
    await stopping[Symbol.asyncDispose]();
    expect(performance.now() - started).toBeLessThan(3_000);
    await Promise.all([live.waitForEnd(), ofTask.waitForEnd()]);
    expect(live.events.at(-1)).toMatchObject({ event: 'closed', data: { reason: 'stopping' } });
    expect(ofTask.names).toEqual(['accepted', 'closed']);
  });

  test('when their client does not read: the others go on', async () => {
    await using busy = await openWorld();
    const reader = await read('/live', {}, busy);
    const socket = connect({ port: busy.port, host: '127.0.0.1' });
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.pause();
    socket.write(rawRequest('GET /api/v1/live HTTP/1.1', [HOST]));
    const task = await acceptTask(busy);
    // More than the kernel and the limit hold together.
    let count = 0;
    const line = await until(async () => {
      const big = { ...task, taskId: `big-${count++}` };
      await busy.publish(told(big, 'succeeded', 1, { result: 'x'.repeat(256 * 1024) }));
      return busy.lines.find((seen) => seen.route === '/api/v1/live');
    });
    expect(line).toMatchObject({ hopName: 'stream', hopResult: 'slow_reader' });
    await until(() => reader.events.length === count + 1);
    expect(reader.isEnded()).toBe(false);
    reader.leave();
    socket.destroy();
  });
});
