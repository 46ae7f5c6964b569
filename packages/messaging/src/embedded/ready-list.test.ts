import { expect, test } from 'vitest';
import type { Entry } from './entry.ts';
import { ReadyList } from './ready-list.ts';

function entry(id: number, priority: number): Entry {
  return { id, priority, content: { id, bytes: 1, references: 1, message: null }, failures: 0, state: 0, dueAt: null };
}

/** What the list means, in the slowest and plainest way. */
function nextOf(entries: readonly Entry[]): Entry[] {
  return entries.toSorted((a, b) => b.priority - a.priority || a.id - b.id);
}

test('gives the highest priority first and within one the oldest, whatever comes back in between', () => {
  let seed = 42;
  const random = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    return seed % below;
  };
  const list = new ReadyList();
  let waiting: Entry[] = [];
  const hands: Entry[] = [];
  for (let id = 1; id <= 2_000; id += 1) {
    const added = entry(id, random(4));
    waiting.push(added);
    list.add(added);
    const takes = random(4);
    expect(list.peek(3)).toEqual(nextOf(waiting).slice(0, 3));
    for (let take = 0; take < takes; take += 1) {
      const taken = list.take();
      expect(taken).toBe(nextOf(waiting)[0]);
      waiting = waiting.filter((other) => other !== taken);
      if (taken) hands.push(taken);
    }
    const [back] = random(2) === 0 ? hands.splice(random(hands.length + 1), 1) : [];
    if (back) {
      waiting.push(back);
      list.add(back);
    }
    expect(list.size).toBe(waiting.length);
    expect(list.bytes).toBe(waiting.length);
  }
});
