import { expect, test } from 'vitest';
import { matchesTopic } from './topic-match.ts';

test.each([
  ['task.#', 'task.weather.started', true],
  ['task.#', 'task', true],
  ['task.#', 'tasks.weather', false],
  ['task.*.started', 'task.weather.started', true],
  ['task.*.started', 'task.started', false],
  ['task.*.started', 'task.a.b.started', false],
  ['*', '', false],
  ['*.b', '.b', true],
  ['', '', true],
  ['*', 'a.b', false],
  ['#', '', true],
  ['#', 'a.b.c', true],
  ['#.b.#', 'a.b.c', true],
  ['#.b.#', 'b', true],
  ['#.b', 'a.c', false],
  ['a.#.b', 'a.b', true],
  ['a.#.*', 'a', false],
  ['a.#.*', 'a.x', true],
  ['a.b', 'a.b', true],
  ['a.b', 'a.b.c', false],
])('topic %s takes %s: %s', (pattern, key, expected) => {
  expect(matchesTopic(pattern, key)).toBe(expected);
});
