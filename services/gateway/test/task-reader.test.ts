import type { TaskEvent, TaskRecord } from '@tracepost/contracts';
import { applyTaskEvent, type RecordStore } from '@tracepost/stores';
import { until } from '@tracepost/testing';
import { describe, expect, test } from 'vitest';
import { createTaskMemory } from '../src/tasks/task-memory.ts';
import { createTaskReader } from '../src/tasks/task-reader.ts';
import { givenEvent } from './helpers/given.ts';

const NEVER = new AbortController().signal;

/** A store that answers, fails or hangs on command: a real one refuses to do the last two. */
function givenReader({ getTask = async () => null as TaskRecord | null, pollMs = 20, timeoutMs = 50 } = {}) {
  const memory = createTaskMemory();
  let reads = 0;
  const records = {
    getTask: () => {
      reads++;
      return getTask();
    },
    listTasksOfTrace: async () => [],
  } as unknown as RecordStore;
  return { memory, reader: createTaskReader({ memory, records, timeoutMs, pollMs }), reads: () => reads };
}

const hangs = () => new Promise<TaskRecord | null>(() => undefined);
const fails = () => Promise.reject(new Error('away'));
const accepted = () => applyTaskEvent(null, givenEvent('t1', 'accepted'));
const succeeded = () => applyTaskEvent(accepted(), givenEvent('t1', 'succeeded', { second: 1 }));

describe('a task is found', () => {
  test('in the memory, when the store has not heard of it', async () => {
    const { memory, reader } = givenReader();
    memory.apply(givenEvent('t1', 'accepted'), 1);
    expect(await reader.find('t1')).toMatchObject({ status: 'found', record: { status: 'accepted' } });
  });

  test('in the store, when the memory has not', async () => {
    const { reader } = givenReader({ getTask: async () => succeeded() });
    expect(await reader.find('t1')).toMatchObject({ status: 'found', record: { status: 'succeeded' } });
  });

  test('in the memory, when the store fails or hangs', async () => {
    for (const getTask of [fails, hangs]) {
      const { memory, reader } = givenReader({ getTask });
      memory.apply(givenEvent('t1', 'started'), 1);
      expect(await reader.find('t1')).toMatchObject({ status: 'found', record: { status: 'running' } });
    }
  });

  test('without the store, once the memory knows its end', async () => {
    const { memory, reader, reads } = givenReader({ getTask: hangs });
    memory.apply(givenEvent('t1', 'succeeded'), 1);
    expect(await reader.find('t1')).toMatchObject({ status: 'found' });
    expect(reads()).toBe(0);
  });

  test('in the store, once it has ended there too, when the memory missed attempts before its end', async () => {
    const told = givenEvent('t1', 'succeeded', { second: 3 });
    const second: TaskEvent = { ...told, ...(told.attempt ? { attempt: { ...told.attempt, number: 2 } } : {}) };
    const { attempt: _, ...unstarted } = givenEvent('t1', 'dead', { second: 3 });
    for (const [ending, numbers] of [
      [second, [1, 2]],
      [unstarted, [1]],
    ] as const) {
      const events = [givenEvent('t1', 'started', { second: 1 }), ending];
      const whole = events.reduce<TaskRecord | null>(applyTaskEvent, null);
      const { memory, reader } = givenReader({ getTask: async () => whole });
      memory.apply(ending, 1);
      const found = await reader.find('t1');
      expect(found.status === 'found' && found.record.attempts.map(({ number }) => number)).toEqual(numbers);
    }
  });

  test('nowhere: unknown when the store says so, unavailable when it does not answer', async () => {
    expect((await givenReader().reader.find('t1')).status).toBe('unknown');
    expect((await givenReader({ getTask: fails }).reader.find('t1')).status).toBe('unavailable');
    expect((await givenReader({ getTask: hangs }).reader.find('t1')).status).toBe('unavailable');
  });
});

describe('waiting for the end of a task', () => {
  test('is woken by its event, long before the next look into the store', async () => {
    const { memory, reader, reads } = givenReader({ pollMs: 60_000 });
    memory.apply(givenEvent('t1', 'accepted'), 1);
    const waiting = reader.findEnded('t1', 60_000, NEVER);
    await until(() => reads() === 1);
    memory.apply(givenEvent('t1', 'succeeded'), 1);
    expect(await waiting).toMatchObject({ status: 'found', record: { status: 'succeeded' } });
  });

  test('goes on through events that are not the end', async () => {
    const { memory, reader, reads } = givenReader({ pollMs: 60_000 });
    memory.apply(givenEvent('t1', 'accepted'), 1);
    const waiting = reader.findEnded('t1', 60_000, NEVER);
    await until(() => reads() === 1);
    memory.apply(givenEvent('t1', 'started'), 1);
    await until(() => reads() === 2);
    memory.apply(givenEvent('t1', 'failed'), 1);
    expect(await waiting).toMatchObject({ record: { status: 'failed' } });
  });

  test('finds the end in the store when the event was missed', async () => {
    let isEnded = false;
    const { reader, reads } = givenReader({ getTask: async () => (isEnded ? succeeded() : accepted()), pollMs: 10 });
    const waiting = reader.findEnded('t1', 60_000, NEVER);
    await until(() => reads() > 1);
    isEnded = true;
    expect(await waiting).toMatchObject({ record: { status: 'succeeded' } });
  });

  test('gives what is known when the time is over', async () => {
    const { memory, reader } = givenReader({ pollMs: 60_000 });
    memory.apply(givenEvent('t1', 'started'), 1);
    const started = performance.now();
    expect(await reader.findEnded('t1', 100, NEVER)).toMatchObject({ record: { status: 'running' } });
    expect(performance.now() - started).toBeGreaterThanOrEqual(95);
  });

  test('gives what is known when it is told to stop', async () => {
    const { memory, reader, reads } = givenReader({ pollMs: 60_000 });
    memory.apply(givenEvent('t1', 'started'), 1);
    const stopping = new AbortController();
    const waiting = reader.findEnded('t1', 60_000, stopping.signal);
    await until(() => reads() === 1);
    stopping.abort();
    expect(await waiting).toMatchObject({ record: { status: 'running' } });
  });

  test('does not wait for a task that nobody knows', async () => {
    expect(await givenReader().reader.findEnded('t1', 60_000, NEVER)).toEqual({ status: 'unknown' });
  });
});
