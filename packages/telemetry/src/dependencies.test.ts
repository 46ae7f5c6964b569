import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type DependencyProbe, observeDependencies } from './dependencies.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('tells what is known at once, each time', () => {
  let state = true;
  const { read } = given({ broker: () => state });
  expect(read()).toEqual({ broker: 1 });
  state = false;
  expect(read()).toEqual({ broker: 0 });
});

it('asks the others, and tells their answer with the next look', async () => {
  const asked = vi.fn(async () => {});
  const { read } = given({ records: asked });
  expect(read()).toEqual({});
  await vi.advanceTimersByTimeAsync(1);
  expect(read()).toEqual({ records: 1 });
  expect(asked).toHaveBeenCalledTimes(1);
  asked.mockRejectedValueOnce(new Error('away'));
  await vi.advanceTimersByTimeAsync(5_000);
  read();
  await vi.advanceTimersByTimeAsync(1);
  expect(read()).toEqual({ records: 0 });
});

it('takes for away what throws, or does not answer within five seconds, and asks it once until it has answered', async () => {
  let answer = () => {};
  const silent = vi.fn(() => new Promise<void>((resolve) => (answer = resolve)));
  const { read } = given({
    broken: () => {
      throw new Error('closed');
    },
    silent,
  });
  expect(read()).toEqual({ broken: 0 });
  await vi.advanceTimersByTimeAsync(4_000);
  expect(read()).toEqual({ broken: 0 });
  await vi.advanceTimersByTimeAsync(1_001);
  expect(read()).toEqual({ broken: 0, silent: 0 });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(read()).toEqual({ broken: 0, silent: 0 });
  expect(silent).toHaveBeenCalledTimes(1);
  answer();
  await vi.advanceTimersByTimeAsync(1);
  expect(read()).toEqual({ broken: 0, silent: 1 });
});

function given(probes: Record<string, DependencyProbe>) {
  let observed: () => readonly { value: number; attributes?: Record<string, unknown> }[] = () => [];
  observeDependencies(
    {
      metrics: {
        observe: (_, read) => {
          observed = read as typeof observed;
          return () => {};
        },
      },
    },
    probes,
  );
  const read = () =>
    Object.fromEntries(observed().map(({ value, attributes }) => [attributes?.['tracepost.dependency'], value]));
  return { read };
}
