import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStepTeller } from './step-teller.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('tells the first step at once, then the newest of each second, and nothing when nothing is new', () => {
  const told: string[] = [];
  const steps = createStepTeller((step) => told.push(step));
  for (let number = 1; number <= 100; number++) steps.tell(`step ${number}`);
  expect(told).toEqual(['step 1']);
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual(['step 1', 'step 100']);
  vi.advanceTimersByTime(10_000);
  expect(told).toHaveLength(2);
  steps.tell('later');
  expect(told.at(-1)).toBe('later');
});

it('tells nothing after its end, also not what was waiting', () => {
  const told: string[] = [];
  const steps = createStepTeller((step) => told.push(step));
  steps.tell('first');
  steps.tell('waiting');
  steps.close();
  steps.tell('late');
  vi.advanceTimersByTime(10_000);
  expect(told).toEqual(['first']);
  expect(vi.getTimerCount()).toBe(0);
});

it('cuts a step to what an event holds, and keeps secrets out of it', () => {
  const told: string[] = [];
  createStepTeller((step) => told.push(step)).tell(`${'x'.repeat(199)}😀`);
  createStepTeller((step) => told.push(step)).tell('calling with Bearer abcdefghijklmnop0123456789');
  expect(told[0]?.length).toBeLessThanOrEqual(200);
  expect(told[0]?.isWellFormed()).toBe(true);
  expect(told[1]).not.toContain('abcdefghijklmnop');
});
