import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { createSpanMemory } from './span-memory.ts';

it('knows what was added as a set would, whatever the ids are', () => {
  const memory = createSpanMemory();
  const known = new Set<string>();
  const mistaken: string[] = [];
  for (let index = 0; index < 60_000; index += 1) {
    const trace = `trace ${index % 7}`;
    const random = randomBytes(8);
    // Ids of few bits come again, and all stand close to each other.
    if (index % 2) random.fill(0, 0, 6);
    const spanId = random.toString('hex');
    const isKnown = known.has(trace + spanId);
    if (memory.has(trace, spanId) !== isKnown || memory.add(trace, spanId) === isKnown) mistaken.push(trace + spanId);
    known.add(trace + spanId);
  }
  expect(mistaken).toEqual([]);
  expect(known.size).toBeLessThan(60_000);
});

it('forgets what came before the last generation, and nothing since', () => {
  const memory = createSpanMemory({ perGeneration: 1_000 });
  const idOf = (index: number) => index.toString(16).padStart(16, '0');
  for (let index = 0; index < 10_000; index += 1) {
    expect(memory.add('a', idOf(index))).toBe(true);
    expect(memory.has('a', idOf(Math.max(0, index - 999)))).toBe(true);
  }
  expect(memory.has('a', idOf(0))).toBe(false);
  expect(memory.has('a', idOf(7_999))).toBe(false);
});

it('takes no longer for ids whose last eight digits are alike', () => {
  const memory = createSpanMemory();
  const began = performance.now();
  for (let index = 0; index < 100_000; index += 1) memory.add('a', `${index.toString(16).padStart(8, '0')}00000001`);
  // Some 50 ms. One behind the other in the table they would take a minute, in which nobody else gets a turn.
  expect(performance.now() - began).toBeLessThan(5_000);
});
