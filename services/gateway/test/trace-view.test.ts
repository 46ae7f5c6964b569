import type { SpanView } from '@tracepost/contracts';
import { applyTaskEvent } from '@tracepost/stores';
import { expect, test } from 'vitest';
import { describeTrace } from '../src/tasks/trace-view.ts';
import { givenEvent } from './helpers/given.ts';

const TRACE_ID = 'a'.repeat(32);
const span = (spanId: string, parentSpanId: string | null, rest: Partial<SpanView> = {}): SpanView => ({
  spanId: spanId.repeat(16),
  parentSpanId: parentSpanId?.repeat(16) ?? null,
  name: spanId,
  kind: 'internal',
  service: 'gateway',
  startedAt: '2026-11-21T09:00:01.000Z',
  durationMs: 100,
  status: { code: 'unset', message: '' },
  attributes: {},
  events: [],
  links: [],
  ...rest,
});
const ended = applyTaskEvent(null, givenEvent('t1', 'succeeded', { second: 2, spanId: '3'.repeat(16) }));
const running = applyTaskEvent(null, givenEvent('t1', 'started', { second: 1, spanId: '3'.repeat(16) }));
const whole = [
  span('1', '9', { kind: 'server' }),
  span('2', '1', { kind: 'producer' }),
  span('3', '2', { kind: 'consumer', service: 'agents', startedAt: '2026-11-21T09:00:01.500Z', durationMs: 700 }),
];
const view = (spans: SpanView[], tasks = [ended]) => describeTrace({ traceId: TRACE_ID, spans, tasks });

test('a trace is summed up', () => {
  expect(view([...whole, span('4', '3', { status: { code: 'error', message: 'no' } })])).toMatchObject({
    traceId: TRACE_ID,
    startedAt: '2026-11-21T09:00:01.000Z',
    durationMs: 1_200,
    services: ['gateway', 'agents'],
    errorCount: 1,
    complete: true,
  });
});

test('a trace is complete when its tasks have ended and every span has its parent', () => {
  expect(view(whole).complete).toBe(true);
  expect(view(whole, []).complete).toBe(true);
});

test.each([
  ['a task is still running', whole, [running]],
  ['the span of an attempt has not come', whole.slice(0, 2), [ended]],
  ['the parent of a span has not come', [whole[0], whole[2]] as SpanView[], [ended]],
  ['no span has come', [], [ended]],
])('a trace is not complete while %s', (_what, spans, tasks) => expect(view(spans, tasks).complete).toBe(false));

test('what has not come is told by its id, however long ago that was, and no longer once it is there', () => {
  const [server, , consumer] = whole as [SpanView, SpanView, SpanView];
  const attempt = { spanId: '3'.repeat(16), is: 'attempt', taskId: 't1', attempt: 1 };
  const parent = { spanId: '2'.repeat(16), is: 'parent', taskId: null, attempt: null };
  const child = span('4', '3');
  expect(view([server]).missing).toEqual([attempt]);
  expect(view([server, consumer, child]).missing).toEqual([parent]);
  // It is both, and told once.
  expect(view([server, child])).toMatchObject({ complete: false, missing: [attempt] });
  expect(view([...whole, child])).toMatchObject({ complete: true, missing: [] });
});

test('what is under way is not missing', () => {
  expect(view([span('4', '3')], [running])).toMatchObject({ complete: false, missing: [] });
});

test('a trace of which only the task is known has no start', () => {
  expect(view([])).toMatchObject({ startedAt: null, durationMs: 0, spans: [], services: [] });
});

test('a trace of another program is complete when every parent is there', () => {
  expect(view(whole, []).complete).toBe(true);
  const orphan = [...whole, span('5', '8', { service: 'foreign' })];
  expect(view(orphan, [])).toMatchObject({ complete: false, missing: [{ spanId: '8'.repeat(16), is: 'parent' }] });
});

test('of what is missing the first hundred are told', () => {
  const orphans = Array.from({ length: 150 }, (_, index) => ({
    ...span('1', null),
    spanId: (index + 1).toString(16).padStart(16, 'a'),
    parentSpanId: (index + 1).toString(16).padStart(16, 'b'),
  }));
  expect(view(orphans, []).missing).toHaveLength(100);
});

test('a trace of more spans than an answer holds shows its first ones, and says so', () => {
  const many = Array.from({ length: 10_001 }, (_, index) => ({
    ...span('1', null),
    spanId: index.toString(16).padStart(16, '0'),
  }));
  const cut = view(many, []);
  expect([cut.spans.length, cut.truncated, cut.spans.at(-1)?.spanId]).toEqual([10_000, true, '000000000000270f']);
  expect(view(many.slice(1), []).truncated).toBe(false);
  // A parent may be among those that are not shown.
  const last = many.length - 1;
  const cutOff = view(
    many.map((one, index) => (index === 0 ? { ...one, parentSpanId: many[last]?.spanId ?? null } : one)),
    [],
  );
  expect([cutOff.truncated, cutOff.missing]).toEqual([true, []]);
});
