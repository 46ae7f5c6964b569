import type { SpanView } from '@tracepost/contracts';

export interface TreeLine {
  readonly span: SpanView;
  /** `│  ├─ `: what stands before the name. */
  readonly branch: string;
}

/**
 * Spans as a tree, brothers in order of time. A span whose parent is not there (a caller's, or one that has not arrived) is a root;
 * one that is its own ancestor is shown once.
 */
export function buildTraceTree(spans: readonly SpanView[]): TreeLine[] {
  const ids = new Set(spans.map((span) => span.spanId));
  const children = Map.groupBy(spans, ({ parentSpanId }) =>
    parentSpanId && ids.has(parentSpanId) ? parentSpanId : '',
  );
  for (const brothers of children.values()) brothers.sort(byStart);
  const lines: TreeLine[] = [];
  const shown = new Set<SpanView>();
  const begin = (root: SpanView): void => {
    // Not by recursion: a trace may be as deep as it likes.
    const open: Place[] = [{ span: root, before: '', own: '' }];
    for (let place = open.pop(); place; place = open.pop()) {
      const { span, before, own } = place;
      if (shown.has(span)) continue;
      shown.add(span);
      lines.push({ span, branch: `${before}${own}` });
      const below = before + (BELOW[own] ?? '');
      const brothers = children.get(span.spanId) ?? [];
      for (const [at, child] of [...brothers.entries()].reverse()) {
        open.push({ span: child, before: below, own: at === brothers.length - 1 ? '└─ ' : '├─ ' });
      }
    }
  };
  for (const root of children.get('') ?? []) begin(root);
  // What only hangs on itself.
  for (const span of [...spans].sort(byStart)) if (!shown.has(span)) begin(span);
  return lines;
}

interface Place {
  readonly span: SpanView;
  readonly before: string;
  readonly own: string;
}

const BELOW: Readonly<Record<string, string>> = { '├─ ': '│  ', '└─ ': '   ' };

function byStart(a: SpanView, b: SpanView): number {
  return Date.parse(a.startedAt) - Date.parse(b.startedAt);
}
