import { type TaskEvent, type TaskEventKind, type TaskRecord, taskEventId } from '@tracepost/contracts';
import { applyTaskEvent } from '@tracepost/stores';
import { until } from '@tracepost/testing';
import { expect, test } from 'vitest';
import type { EventStream } from '../src/live/event-streams.ts';
import { followTask, hasSeenAll } from '../src/live/follow-task.ts';
import { createTaskMemory } from '../src/tasks/task-memory.ts';
import { givenEvent } from './helpers/given.ts';

const step = (kind: TaskEventKind, attempt: number, second: number, rest: Partial<TaskEvent> = {}): TaskEvent => {
  const event = givenEvent('t1', kind, { second });
  return {
    ...event,
    ...(event.attempt ? { attempt: { ...event.attempt, number: attempt } } : {}),
    ...rest,
  };
};
const ALL = [
  step('accepted', 0, 0),
  step('started', 1, 1),
  step('attempt_failed', 1, 2, { retryInMs: 1_000 }),
  step('started', 2, 3),
  step('attempt_failed', 2, 4, { retryInMs: 2_000 }),
  step('started', 3, 5),
  step('succeeded', 3, 6),
];
const NAMES = [
  'accepted',
  'started 1',
  'attempt_failed 1',
  'started 2',
  'attempt_failed 2',
  'started 3',
  'succeeded 3',
];
const recordOf = (events: readonly TaskEvent[]) => events.reduce<TaskRecord | null>(applyTaskEvent, null) as TaskRecord;

/** A task whose record the store has up to `stored`, and whose events the memory hears one by one. */
function follow({ stored, lastEventId, pollMs = 60_000 }: { stored: number; lastEventId?: string; pollMs?: number }) {
  const memory = createTaskMemory();
  const sent: string[] = [];
  const data: TaskEvent[] = [];
  const ids: (string | undefined)[] = [];
  const endings: (() => void)[] = [];
  let isOpen = true;
  let record = recordOf(ALL.slice(0, stored));
  const stream: EventStream = {
    get isOpen() {
      return isOpen;
    },
    send(message) {
      if (!isOpen) return;
      const event = message.data as TaskEvent;
      sent.push(`${event.kind}${event.attempt ? ` ${event.attempt.number}` : ''}`);
      data.push(event);
      ids.push(message.id);
    },
    end() {
      isOpen = false;
      for (const listener of endings) listener();
    },
    onEnd: (listener) => endings.push(listener),
  };
  followTask({
    stream,
    record,
    lastEventId,
    memory,
    pollMs,
    tasks: { find: async () => ({ status: 'found', record }), findStored: async () => record },
  });
  return {
    memory,
    sent,
    data,
    ids,
    stream,
    hear: (...events: TaskEvent[]) => {
      for (const event of events) memory.apply(event, 1);
    },
    write: (events: readonly TaskEvent[]) => {
      record = recordOf(events);
    },
  };
}

test('whatever is history and whatever is live, each step comes once and in order', () => {
  for (let stored = 1; stored <= ALL.length; stored++) {
    // The memory may hear again what the record has.
    for (let heard = 0; heard <= stored; heard++) {
      const following = follow({ stored });
      following.hear(...ALL.slice(heard));
      expect(following.sent).toEqual(NAMES);
      expect(following.stream.isOpen).toBe(false);
    }
  }
});

test('a client goes on behind the step that it has seen, wherever it was cut off', () => {
  const whole = follow({ stored: ALL.length });
  whole.ids.forEach((id, index) => {
    const resumed = follow({ stored: Math.max(1, index), lastEventId: id ?? '' });
    resumed.hear(...ALL);
    expect(resumed.sent).toEqual(NAMES.slice(index + 1));
  });
});

test('behind a step on the way come the steps after it', () => {
  const resumed = follow({ stored: 4, lastEventId: taskEventId('t1', 2, 'progress') });
  resumed.hear(...ALL);
  expect(resumed.sent).toEqual(NAMES.slice(4));
});

test('an id that is none of this task leaves nothing out', () => {
  expect(follow({ stored: ALL.length, lastEventId: 'garbage' }).sent).toEqual(NAMES);
});

test('what an event knows beyond the record goes with its step; a step on the way is shown while it happens', () => {
  const following = follow({ stored: 2 });
  const reading = step('progress', 1, 1, { step: 'reading' });
  following.hear(reading, { ...reading, step: 'writing' }, ALL[2] as TaskEvent);
  expect(following.sent).toEqual([...NAMES.slice(0, 2), 'progress 1', 'progress 1', 'attempt_failed 1']);
  expect(following.data.map((event) => event.step)).toEqual([undefined, undefined, 'reading', 'writing', undefined]);
  expect(following.data.at(-1)?.retryInMs).toBe(1_000);
  following.stream.end('ended');
});

test('what was never heard of is found in the record, now and then', async () => {
  const following = follow({ stored: 1, pollMs: 5 });
  following.write(ALL.slice(0, 4));
  await until(() => following.sent.length === 4);
  following.write(ALL);
  await until(() => !following.stream.isOpen);
  expect(following.sent).toEqual(NAMES);
});

test('an ending that comes before what led to it waits for the record', async () => {
  const following = follow({ stored: 1 });
  following.write(ALL.slice(0, 6));
  following.hear(ALL[6] as TaskEvent);
  await until(() => !following.stream.isOpen);
  expect(following.sent).toEqual(NAMES);
});

test('nobody is watched any more once the stream has ended', () => {
  const following = follow({ stored: 1 });
  following.stream.end('stopping');
  following.hear(...ALL);
  expect(following.sent).toEqual(['accepted']);
});

test('who has seen the ending has seen all', () => {
  const ended = recordOf(ALL);
  expect(hasSeenAll(ended, taskEventId('t1', 3, 'succeeded'))).toBe(true);
  expect(hasSeenAll(ended, taskEventId('t1', 3, 'started'))).toBe(false);
  expect(hasSeenAll(ended, undefined)).toBe(false);
  expect(hasSeenAll(recordOf(ALL.slice(0, 6)), taskEventId('t1', 3, 'succeeded'))).toBe(false);
});
