import type { TaskRecord } from '@tracepost/contracts';
import { applyTaskEvent } from '@tracepost/stores';
import { expect, test } from 'vitest';
import { createTaskMemory, newerRecord } from '../src/tasks/task-memory.ts';
import { givenEvent } from './helpers/given.ts';

test('a task is remembered as its events tell it', () => {
  const memory = createTaskMemory();
  memory.apply(givenEvent('t1', 'accepted'), 100);
  expect(memory.get('t1')?.status).toBe('accepted');
  memory.apply(givenEvent('t1', 'started', { second: 1 }), 100);
  memory.apply(givenEvent('t1', 'succeeded', { second: 2, result: { answer: 42 } }), 100);
  expect(memory.get('t1')).toMatchObject({ status: 'succeeded', result: { answer: 42 }, durationMs: 2_000 });
  expect(memory.get('t2')).toBeNull();
});

test('many events of one task are folded together', () => {
  const memory = createTaskMemory();
  for (let second = 0; second < 50; second++) memory.apply(givenEvent('t1', 'progress', { second }), 1);
  expect(memory.get('t1')?.status).toBe('running');
});

test('past the limit of tasks the oldest tenth is forgotten', () => {
  const memory = createTaskMemory({ maxTasks: 10 });
  for (let index = 0; index < 10; index++) memory.apply(givenEvent(`t${index}`, 'accepted'), 1);
  expect(memory.get('t0')?.taskId).toBe('t0');
  memory.apply(givenEvent('t10', 'accepted'), 1);
  expect(memory.get('t1')).toBeNull();
  expect(memory.get('t2')?.taskId).toBe('t2');
  expect(memory.get('t10')?.taskId).toBe('t10');
});

test('past the limit of bytes the oldest are forgotten, also when one task grows', () => {
  const memory = createTaskMemory({ maxBytes: 1_000 });
  memory.apply(givenEvent('t1', 'accepted'), 400);
  memory.apply(givenEvent('t2', 'accepted'), 400);
  memory.apply(givenEvent('t2', 'succeeded'), 300);
  expect(memory.get('t1')).toBeNull();
  expect(memory.get('t2')?.status).toBe('succeeded');
});

test('whoever watches a task is called at its events and no others, until the watch ends', () => {
  const memory = createTaskMemory();
  let calls = 0;
  const stop = memory.watch('t1', () => calls++);
  memory.apply(givenEvent('t2', 'accepted'), 1);
  expect(calls).toBe(0);
  memory.apply(givenEvent('t1', 'accepted'), 1);
  memory.wakeAll();
  expect(calls).toBe(2);
  stop();
  memory.apply(givenEvent('t1', 'succeeded'), 1);
  memory.wakeAll();
  expect(calls).toBe(2);
});

test('the tasks of a trace are found', () => {
  const memory = createTaskMemory();
  memory.apply(givenEvent('t1', 'accepted', { traceId: '1'.repeat(32) }), 1);
  memory.apply(givenEvent('t2', 'accepted', { traceId: '2'.repeat(32) }), 1);
  memory.apply(givenEvent('t3', 'accepted', { traceId: '1'.repeat(32) }), 1);
  expect(memory.ofTrace('1'.repeat(32)).map((task) => task.taskId)).toEqual(['t1', 't3']);
});

test('of two records the one that knows more counts; the store when both know as much', () => {
  const accepted = applyTaskEvent(null, givenEvent('t1', 'accepted'));
  const running = applyTaskEvent(accepted, givenEvent('t1', 'started', { second: 1 }));
  const ended: TaskRecord = applyTaskEvent(null, givenEvent('t1', 'failed', { second: 2 }));
  expect(newerRecord(null, accepted)).toBe(accepted);
  expect(newerRecord(accepted, null)).toBe(accepted);
  expect(newerRecord(accepted, running)).toBe(running);
  expect(newerRecord(running, accepted)).toBe(running);
  expect(newerRecord(running, ended)).toBe(ended);
  expect(newerRecord(ended, running)).toBe(ended);
  expect(newerRecord(running, { ...running })).toBe(running);
});

test('the children of a task are those that the store knows and those that were heard of', () => {
  const memory = createTaskMemory({ maxTasks: 3 });
  const child = givenEvent('c1', 'started');
  memory.apply({ ...child, task: { ...child.task, parentTaskId: 'p1' } }, 1);
  expect(memory.get('p1')).toBeNull();
  memory.apply(givenEvent('p1', 'accepted'), 1);
  expect(memory.get('p1')?.childTaskIds).toEqual(['c1']);
  const stored = { ...applyTaskEvent(null, givenEvent('p1', 'accepted')), childTaskIds: ['c0', 'c1'] };
  expect(newerRecord(stored, memory.get('p1'))).toBe(stored);
  memory.apply(givenEvent('p1', 'succeeded', { second: 1 }), 1);
  expect(newerRecord(stored, memory.get('p1'))).toMatchObject({ status: 'succeeded', childTaskIds: ['c0', 'c1'] });
  expect(
    newerRecord({ ...stored, childTaskIds: [] }, applyTaskEvent(null, givenEvent('p1', 'accepted'))),
  ).toMatchObject({
    childTaskIds: [],
  });
  // A child that is forgotten takes its place in the list with it.
  for (const taskId of ['t1', 't2', 't3']) memory.apply(givenEvent(taskId, 'accepted'), 1);
  memory.apply(givenEvent('p1', 'accepted'), 1);
  expect(memory.get('p1')?.childTaskIds).toEqual([]);
});

test('what a running task does now is what was told last', () => {
  const memory = createTaskMemory();
  memory.apply(givenEvent('t1', 'started'), 1);
  const stored = memory.get('t1');
  memory.apply({ ...givenEvent('t1', 'progress', { second: 5 }), step: 'asking' }, 1);
  expect(newerRecord(stored, memory.get('t1'))?.step).toBe('asking');
  expect(newerRecord(memory.get('t1'), stored)?.step).toBe('asking');
});
