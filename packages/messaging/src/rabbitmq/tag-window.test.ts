import { createRandom } from '@tracepost/testing';
import { expect, test } from 'vitest';
import { TagWindow } from './tag-window.ts';

const nameOf = (tag: number) => ({ tag });

test.each([1, 2, 3])('it is what a map from tags would be, whatever is taken in whatever order (%d)', (seed) => {
  const random = createRandom(seed);
  const window = new TagWindow<{ tag: number }>();
  const map = new Map<number, { tag: number }>();
  let next = 1;
  for (let step = 0; step < 20_000; step++) {
    // Sometimes far more come than go, sometimes the other way round.
    const mayCome = random() < (Math.floor(step / 2_000) % 2 === 0 ? 0.7 : 0.3);
    if (mayCome) {
      const entry = nameOf(next);
      window.push(entry);
      map.set(next++, entry);
    } else if (random() < 0.1) {
      const upTo = Math.floor(random() * (next + 1));
      const taken: { tag: number }[] = [];
      window.takeUpTo(upTo, (entry) => taken.push(entry));
      expect(taken).toEqual([...map.values()].filter(({ tag }) => tag <= upTo));
      for (const { tag } of taken) map.delete(tag);
    } else {
      const tag = Math.floor(random() * (next + 1));
      expect(window.take(tag)).toBe(map.get(tag));
      map.delete(tag);
    }
    if (step % 500 === 0) expect([...window.from(next >> 1)]).toEqual([...map].filter(([tag]) => tag >= next >> 1));
  }
  expect(window.size).toBe(map.size);
  expect([...window.from(1)]).toEqual([...map]);
  window.clear();
  expect([window.size, window.take(next - 1), [...window.from(1)]]).toEqual([0, undefined, []]);
  window.push(nameOf(next));
  expect(window.take(next)).toEqual({ tag: next });
});

test('one that is never taken is not lost, and does not hold all that came after it', () => {
  const window = new TagWindow<{ tag: number }>();
  const total = 200_000;
  for (let tag = 1; tag <= total; tag++) {
    window.push(nameOf(tag));
    if (tag !== 7 && tag !== 90_000) window.take(tag);
  }
  expect(window.size).toBe(2);
  expect([...window.from(1)].map(([tag]) => tag)).toEqual([7, 90_000]);
  expect([...window.from(8)].map(([tag]) => tag)).toEqual([90_000]);
  window.push(nameOf(total + 1));
  const taken: { tag: number }[] = [];
  window.takeUpTo(7, (entry) => taken.push(entry));
  expect(taken).toEqual([{ tag: 7 }]);
  window.takeUpTo(total + 5, (entry) => taken.push(entry));
  expect(taken.map(({ tag }) => tag)).toEqual([7, 90_000, total + 1]);
  expect([window.take(90_000), window.take(7)]).toEqual([undefined, undefined]);
  expect(window.size).toBe(0);
});
