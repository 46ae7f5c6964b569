import { type TaskEvent, type TaskEventKind, type TaskRecord, taskEventId } from '@tracepost/contracts';
import { applyTaskEvent } from '@tracepost/stores';
import { expect, test } from 'vitest';
import { placeOf, placeOfId, rebuildHistory } from '../src/live/task-history.ts';
import { givenEvent } from './helpers/given.ts';

function eventOf(kind: TaskEventKind, attempt: number, second: number, rest: Partial<TaskEvent> = {}): TaskEvent {
  const event = givenEvent('t1', kind, { second });
  // An attempt that ends a second after its start.
  const startedAt = kind === 'started' ? event.at : new Date(Date.parse(event.at) - 1_000).toISOString();
  return {
    ...event,
    eventId: taskEventId('t1', attempt, kind),
    ...(event.attempt ? { attempt: { ...event.attempt, number: attempt, startedAt } } : {}),
    ...rest,
  };
}
/** As somebody tells it who knows no attempt. */
function bareEvent(kind: TaskEventKind, second: number): TaskEvent {
  const { attempt: _attempt, ...event } = eventOf(kind, 0, second);
  return event;
}
const recordOf = (events: readonly TaskEvent[]): TaskRecord =>
  events.reduce<TaskRecord | null>(applyTaskEvent, null) as TaskRecord;
const stepsOf = (record: TaskRecord) =>
  rebuildHistory(record).map(({ event }) => `${event.kind}${event.attempt ? ` ${event.attempt.number}` : ''}`);

const RETRIED = [
  eventOf('accepted', 0, 0),
  eventOf('started', 1, 1),
  eventOf('attempt_failed', 1, 2, { error: { code: 'tool_error', message: 'no' }, retryInMs: 1_000 }),
  eventOf('started', 2, 3),
  eventOf('succeeded', 2, 4, { result: { answer: 42 } }),
];

test('the record gives the events that it was made of, in their order and under their ids', () => {
  const history = rebuildHistory(recordOf(RETRIED));
  expect(history.map(({ event }) => event.eventId)).toEqual(RETRIED.map(({ eventId }) => eventId));
  expect(history.map(({ event }) => [event.kind, event.at, event.by, event.attempt])).toEqual(
    RETRIED.map(({ kind, at, by, attempt }) => [kind, at, by, attempt]),
  );
  expect(history[2]?.event.error).toEqual({ code: 'tool_error', message: 'no' });
  expect(history[4]?.event).toMatchObject({ result: { answer: 42 }, partial: false });
  expect(history.map(({ place }) => place)).toEqual([...history.map(({ place }) => place)].sort((a, b) => a - b));
});

test('it grows with the record, and nothing before changes', () => {
  for (let count = 1; count <= RETRIED.length; count++)
    expect(rebuildHistory(recordOf(RETRIED.slice(0, count))).map(({ event }) => event.eventId)).toEqual(
      RETRIED.slice(0, count).map(({ eventId }) => eventId),
    );
});

test('a task that ends between its attempts has an ending of its own', () => {
  const cancelled = bareEvent('cancelled', 9);
  expect(stepsOf(recordOf([...RETRIED.slice(0, 3), cancelled]))).toEqual([
    'accepted',
    'started 1',
    'attempt_failed 1',
    'cancelled',
  ]);
  expect(stepsOf(recordOf([eventOf('accepted', 0, 0), cancelled]))).toEqual(['accepted', 'cancelled']);
});

test('an attempt that fails at last is told by the ending alone', () => {
  const failed = eventOf('failed', 2, 4, { error: { code: 'tool_error', message: 'no' } });
  expect(stepsOf(recordOf([...RETRIED.slice(0, 4), failed]))).toEqual([
    'accepted',
    'started 1',
    'attempt_failed 1',
    'started 2',
    'failed 2',
  ]);
});

test('a worker that tells nothing of its attempts has at least begun', () => {
  const started = bareEvent('started', 1);
  expect(stepsOf(recordOf([eventOf('accepted', 0, 0), started]))).toEqual(['accepted', 'started']);
});

test('an id leads to the place of its step, also that of a step on the way and of an ending counted otherwise', () => {
  expect(placeOfId('t1', taskEventId('t1', 0, 'accepted'))).toBe(placeOf('accepted', 0));
  expect(placeOfId('t1', taskEventId('t1', 7, 'started'))).toBe(placeOf('started', 7));
  expect(placeOfId('t1', taskEventId('t1', 3, 'dead'))).toBe(placeOf('succeeded', 0));
  expect(placeOfId('t1', taskEventId('t2', 1, 'started'))).toBeNull();
  expect(placeOfId('t1', 'garbage')).toBeNull();
  const order = [
    placeOf('accepted', 0),
    placeOf('started', 1),
    placeOf('progress', 1),
    placeOf('attempt_failed', 1),
    placeOf('started', 2),
    placeOf('dead', 0),
  ];
  expect(order).toEqual([...order].sort((a, b) => a - b));
});
