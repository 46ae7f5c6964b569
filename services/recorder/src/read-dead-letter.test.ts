import { type AttemptHistoryEntry, taskEventId } from '@tracepost/contracts';
import { buildNotificationMessage, type IncomingMessage } from '@tracepost/messaging';
import { expect, test } from 'vitest';
import { readDeadLetter } from './read-dead-letter.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 12);
const FACTS = { agentId: 'weather', nowMs: NOW_MS };
const ATTEMPT: AttemptHistoryEntry = {
  number: 1,
  startedAt: '2026-11-21T11:00:00.000Z',
  endedAt: '2026-11-21T11:00:01.000Z',
  workerId: 'worker-1',
  error: { code: 'tool_error', message: 'no answer' },
};
const PASSED_LIMIT = { reason: 'delivery_limit', queue: 'agent.weather', time: { '!': 'timestamp', value: 1_700_000 } };

test('a task whose workers died is ended by the reader, with the reason of the broker and all that the message says', () => {
  const { letter, untold } = readDeadLetter(notification({ 'x-death': [PASSED_LIMIT], 'x-attempt': 2 }), FACTS);
  expect(letter).toMatchObject({
    taskId: 'task-1',
    queue: 'agent.weather',
    reason: 'delivery_limit',
    deadAt: new Date(1_700_000_999).toISOString(),
    traceId: 'a'.repeat(32),
    notificationType: 'weather.forecast',
  });
  expect(untold).toMatchObject({
    eventId: taskEventId('task-1', 2, 'dead'),
    kind: 'dead',
    by: 'recorder',
    stopReason: 'delivery_limit',
    error: { code: 'delivery_limit' },
    task: { taskId: 'task-1', agentId: 'weather', source: 'test', traceId: 'a'.repeat(32), acceptedAt: at(NOW_MS) },
  });
});

test('an ending that a worker has told is not told again, and its history is kept', () => {
  const told = { 'x-dead-reason': 'tool_error', 'x-attempts': JSON.stringify([ATTEMPT]) };
  const { letter, untold } = readDeadLetter(notification(told), FACTS);
  expect(untold).toBeNull();
  expect(letter).toMatchObject({
    reason: 'tool_error',
    error: { code: 'tool_error', message: 'no answer' },
    attempts: [ATTEMPT],
    deadAt: ATTEMPT.endedAt,
  });
});

test('when it died is what whoever put it aside wrote down, however late it is read and however little history it has', () => {
  const headers = { 'x-dead-reason': 'worker_crashed', 'x-attempts': '[]', 'x-dead-at-ms': NOW_MS + 5_000 };
  for (const laterMs of [0, 60_000]) {
    const { letter } = readDeadLetter(notification(headers), { ...FACTS, nowMs: NOW_MS + laterMs });
    expect(letter.deadAt).toBe(at(NOW_MS + 5_000));
  }
});

test.each([undefined, 'soon', -1, 1.5, NOW_MS * 2])(
  'put aside with %s for a time, it died when it was published',
  (time) => {
    const headers = {
      'x-dead-reason': 'worker_crashed',
      'x-attempts': '[]',
      ...(time ? { 'x-dead-at-ms': time } : {}),
    };
    const { letter } = readDeadLetter(notification(headers), { ...FACTS, nowMs: NOW_MS + 60_000 });
    expect(letter.deadAt).toBe(at(NOW_MS));
  },
);

test('what names no task and was given up by the broker died in that second, whenever it is read', () => {
  for (const nowMs of [1_700_000_300, NOW_MS]) {
    const message = { ...EMPTY, headers: { 'x-death': [PASSED_LIMIT] } };
    expect(readDeadLetter(message, { ...FACTS, nowMs }).letter.deadAt).toBe(at(1_700_000_000));
  }
});

test('a death at a time that is none was now', () => {
  for (const value of [1e13, -1, 'soon', null]) {
    const message = { ...EMPTY, headers: { 'x-death': [{ ...PASSED_LIMIT, time: { '!': 'timestamp', value } }] } };
    expect(readDeadLetter(message, FACTS).letter.deadAt).toBe(at(NOW_MS));
  }
});

test('a reason that whoever published the message wrote into it hides no death: a worker puts none aside that has one', () => {
  const { letter, untold } = readDeadLetter(
    notification({ 'x-death': [PASSED_LIMIT], 'x-dead-reason': 'tool_error' }),
    FACTS,
  );
  expect(letter.reason).toBe('delivery_limit');
  expect(untold).toMatchObject({ kind: 'dead', stopReason: 'delivery_limit' });
});

test('what failed before its workers died is said with the death', () => {
  const headers = { 'x-death': [PASSED_LIMIT], 'x-attempts': JSON.stringify([ATTEMPT]) };
  const { untold } = readDeadLetter(notification(headers), FACTS);
  expect(untold?.error?.message).toContain('tool_error: no answer');
});

test('a message that names no task is called by its hash, the same one each time, and ends nothing', () => {
  const broken: IncomingMessage = { ...EMPTY, body: Buffer.from('not JSON') };
  const read = readDeadLetter(broken, FACTS);
  expect(read.letter.taskId).toMatch(/^m-[0-9a-f]{32}$/);
  expect(read.letter.notificationType).toBeNull();
  expect(read.untold).toBeNull();
  expect(readDeadLetter(broken, FACTS).letter.taskId).toBe(read.letter.taskId);
  expect(readDeadLetter({ ...broken, body: Buffer.from('nor this') }, FACTS).letter.taskId).not.toBe(
    read.letter.taskId,
  );
});

test('a message that cannot be read but names its task ends it when no worker did', () => {
  const { letter, untold } = readDeadLetter({ ...EMPTY, body: Buffer.from('{'), messageId: 'task-9' }, FACTS);
  expect(letter.taskId).toBe('task-9');
  expect(untold).toMatchObject({ kind: 'dead', stopReason: 'unknown', task: { notificationType: 'unknown' } });
});

test('the detail of a message that a worker could not read is its error', () => {
  const headers = { 'x-dead-reason': 'not_json: the body is not a JSON object' };
  const { letter } = readDeadLetter({ ...EMPTY, body: Buffer.from('{'), headers }, FACTS);
  expect(letter).toMatchObject({
    reason: 'not_json',
    error: { code: 'not_json', message: 'the body is not a JSON object' },
  });
});

test('headers of any kind become JSON within bounds, with the properties of the message beside them', () => {
  const headers = {
    text: Buffer.from('bytes'),
    table: { list: [1, { deep: { deeper: { deepest: 1 } } }] },
    long: 'x'.repeat(100_000),
    'amqp.type': 'forged',
  };
  const { letter } = readDeadLetter({ ...EMPTY, body: Buffer.from(''), headers, type: 'weather.forecast' }, FACTS);
  expect(letter.headers).toMatchObject({ text: 'bytes', 'amqp.type': 'weather.forecast' });
  expect(String(letter.headers.long).length).toBeLessThan(20_000);
  expect(JSON.parse(JSON.stringify(letter.headers))).toEqual(letter.headers);
});

const EMPTY: IncomingMessage = { exchange: '', routingKey: 'agent.weather.dead', body: Buffer.alloc(0), headers: {} };

function notification(headers: Record<string, unknown>): IncomingMessage {
  const { mandatory: _, ...message } = buildNotificationMessage(
    {
      agentId: 'weather',
      taskId: 'task-1',
      notificationType: 'weather.forecast',
      data: { location: 'Lisbon' },
      source: 'test',
      correlationId: 'c-1',
      sessionId: null,
      tenantId: 'default',
      priority: 'normal',
      timeoutMs: null,
      budget: null,
      parentTaskId: null,
      depth: 0,
    },
    { now: NOW_MS, traceHeaders: { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` } },
  );
  return { ...message, headers: { ...message.headers, ...headers } };
}

function at(ms: number): string {
  return new Date(ms).toISOString();
}
