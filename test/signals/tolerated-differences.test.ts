import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { judge, TOLERATED } from './tolerated-differences.ts';

const page = readFileSync(new URL('../../docs/guide/both-ways.md', import.meta.url), 'utf8');
const TRACE = '/api/v1/traces/{traceId}';

test('the page for users names the same differences', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| ---'));
  const names = rows.slice(1).map((line) => (line.split('|')[1] ?? '').trim());
  expect(names).toEqual(TOLERATED.map(({ name }) => name));
});

test('tolerates the text of a list, and no other text', () => {
  const answer = (value: unknown) => ({ spans: [{ attributes: { list: value } }] });
  expect(judge(TRACE, answer(['a', { b: 1 }]), answer('["a",{"b":1}]')).intolerable).toEqual([]);
  expect(judge(TRACE, answer(['a', { b: 1 }]), answer('["a",{"b":2}]')).intolerable).toHaveLength(1);
  expect(judge(TRACE, answer(['a']), answer('no JSON')).intolerable).toHaveLength(1);
});

test('tolerates another order within a millisecond, and none beyond it', () => {
  const answer = (...lines: [at: string, message: string][]) => ({
    items: lines.map(([at, message]) => ({ at, message })),
  });
  const [one, two, three] = [
    ['1', 'a'],
    ['1', 'b'],
    ['2', 'c'],
  ] as [string, string][] as [[string, string], [string, string], [string, string]];
  expect(judge('/api/v1/logs', answer(one, two, three), answer(two, one, three)).intolerable).toEqual([]);
  expect(judge('/api/v1/logs', answer(one, two, three), answer(one, three, two)).intolerable).not.toEqual([]);
  expect(judge('/api/v1/logs', answer(one, two), answer(one, one)).intolerable).not.toEqual([]);
});

test('tolerates nothing on a route that it is not for', () => {
  expect(judge('/api/v1/tasks', { uptimeSeconds: 1 }, { uptimeSeconds: 2 }).intolerable).toHaveLength(1);
});
