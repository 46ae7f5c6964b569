import { expect, test } from 'vitest';
import { createEventRing, type EventRing, type RingEntry } from '../src/live/event-ring.ts';
import { givenEvent } from './helpers/given.ts';

const BOOT = '0123456789abcdef';
const push = (ring: EventRing, from: number, to: number, bytes = 1): void => {
  for (let index = from; index <= to; index++) ring.push(givenEvent(`t${index}`, 'accepted'), bytes);
};
const tasksOf = (entries: readonly RingEntry[]) => entries.map(({ event, gap }) => event?.task.taskId ?? gap);

test('a client goes on behind its last event, and from now when it has none', () => {
  const ring = createEventRing({ bootId: BOOT });
  push(ring, 1, 5);
  expect(ring.newestId()).toBe(`${BOOT}-5`);
  expect(ring.resume(undefined)).toEqual({ gap: null, entries: [] });
  expect(ring.resume(`${BOOT}-5`)).toEqual({ gap: null, entries: [] });
  const { gap, entries } = ring.resume(`${BOOT}-3`);
  expect(gap).toBeNull();
  expect(entries.map(({ id }) => id)).toEqual([`${BOOT}-4`, `${BOOT}-5`]);
  expect(tasksOf(entries)).toEqual(['t4', 't5']);
  expect(tasksOf(ring.resume(`${BOOT}-0`).entries)).toEqual(['t1', 't2', 't3', 't4', 't5']);
});

test('one that was away for too long is told so, and gets what is left', () => {
  const ring = createEventRing({ bootId: BOOT, maxEntries: 3 });
  push(ring, 1, 7);
  expect(ring.resume(`${BOOT}-4`)).toMatchObject({ gap: null });
  const { gap, entries } = ring.resume(`${BOOT}-3`);
  expect(gap).toBe('too_old');
  expect(tasksOf(entries)).toEqual(['t5', 't6', 't7']);
});

test('the size of the events is limited too', () => {
  const ring = createEventRing({ bootId: BOOT, maxBytes: 100 });
  push(ring, 1, 10, 40);
  expect(tasksOf(ring.resume(`${BOOT}-8`).entries)).toEqual(['t9', 't10']);
  expect(ring.resume(`${BOOT}-7`)).toMatchObject({ gap: 'too_old' });
  ring.push(givenEvent('huge', 'accepted'), 1_000);
  expect(tasksOf(ring.resume(`${BOOT}-10`).entries)).toEqual(['huge']);
});

test.each([
  ['fedcba9876543210-3', 'other_gateway'],
  [`${BOOT}-99`, 'unknown_id'],
  ['garbage', 'unknown_id'],
  [`${BOOT}-`, 'unknown_id'],
  [`${BOOT}-1e3`, 'unknown_id'],
])('%s cannot be gone on from: %s', (id, gap) => {
  const ring = createEventRing({ bootId: BOOT });
  push(ring, 1, 5);
  expect(ring.resume(id)).toEqual({ gap, entries: [] });
});

test('every start has an id of its own', () => {
  const [one, other] = [createEventRing(), createEventRing()];
  push(one, 1, 2);
  push(other, 1, 2);
  expect(other.resume(one.newestId())).toMatchObject({ gap: 'other_gateway' });
});

test('an event that comes again is left out; steps on the way, which share an id, are not', () => {
  const ring = createEventRing({ bootId: BOOT, maxEntries: 3 });
  const heard: unknown[] = [];
  const stop = ring.subscribe(({ event, id }) => heard.push(`${event?.kind} ${id}`));
  ring.push(givenEvent('t1', 'cancelled'), 1);
  ring.push(givenEvent('t1', 'cancelled'), 1);
  ring.push(givenEvent('t1', 'progress'), 1);
  ring.push(givenEvent('t1', 'progress'), 1);
  expect(heard).toEqual([`cancelled ${BOOT}-1`, `progress ${BOOT}-2`, `progress ${BOOT}-3`]);
  stop();
  // Forgotten with its entry: what is known stays as small as the ring.
  push(ring, 1, 3);
  ring.push(givenEvent('t1', 'cancelled'), 1);
  expect(heard).toHaveLength(3);
  expect(ring.newestId()).toBe(`${BOOT}-7`);
});

test('an interruption stands at its place, for those who were there and for those who come back', () => {
  const ring = createEventRing({ bootId: BOOT });
  push(ring, 1, 1);
  ring.interrupt('feed_interrupted');
  push(ring, 2, 2);
  expect(tasksOf(ring.resume(`${BOOT}-1`).entries)).toEqual(['feed_interrupted', 't2']);
  expect(tasksOf(ring.resume(`${BOOT}-2`).entries)).toEqual(['t2']);
});
