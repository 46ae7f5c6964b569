import type { SpanView } from '@tracepost/contracts';
import { expect, it } from 'vitest';
import { buildTraceTree } from './trace-tree.ts';

it('puts every span under its parent, brothers in order of time, however they arrive', () => {
  const spans = [span('d', 'b', 40), span('c', 'a', 30), span('b', 'a', 20), span('a', null, 10), span('e', 'b', 45)];
  expect(drawn(spans)).toEqual(['a', '├─ b', '│  ├─ d', '│  └─ e', '└─ c']);
});

it('begins a tree of its own for a span whose parent is not there', () => {
  expect(drawn([span('a', null, 1), span('x', 'missing', 2), span('y', 'x', 3)])).toEqual(['a', 'x', '└─ y']);
});

it('shows each span once, also one that is its own ancestor', () => {
  expect(drawn([span('a', 'b', 1), span('b', 'a', 2), span('s', 's', 3)]).sort()).toEqual(['a', 's', '└─ b']);
});

it('does not mind how deep it goes', () => {
  const deep = Array.from({ length: 20_000 }, (_, at) => span(`s${at}`, at === 0 ? null : `s${at - 1}`, at));
  expect(buildTraceTree(deep)).toHaveLength(20_000);
});

function drawn(spans: readonly SpanView[]): string[] {
  return buildTraceTree(spans).map(({ branch, span: { name } }) => `${branch}${name}`);
}

function span(spanId: string, parentSpanId: string | null, atMs: number): SpanView {
  return {
    spanId,
    parentSpanId,
    name: spanId,
    kind: 'internal',
    service: 'test',
    startedAt: new Date(atMs).toISOString(),
    durationMs: 1,
    status: { code: 'unset', message: '' },
    attributes: {},
    events: [],
    links: [],
  };
}
