import type { ToolSequence, ToolUse } from '@tracepost/contracts';
import type { Output } from '../output.ts';
import { styled } from '../output.ts';
import { formatMs } from '../time-span.ts';
import { formatBytes, formatCount, shorten } from './figures.ts';
import type { Column } from './table.ts';
import { printTable } from './table.ts';

const MOST_SEQUENCES = 10;
const MOST_NAME = 60;

/** What a tool took: in all, on average, and how much went in and came out. */
export const toolCosts: readonly Column<Pick<ToolUse, 'totalMs' | 'averageMs' | 'argumentBytes' | 'resultBytes'>>[] = [
  { title: 'total', align: 'right', cell: ({ totalMs }) => (totalMs === null ? '-' : formatMs(totalMs)) },
  { title: 'average', align: 'right', cell: ({ averageMs }) => (averageMs === null ? '-' : formatMs(averageMs)) },
  { title: 'in', align: 'right', cell: ({ argumentBytes }) => formatBytes(argumentBytes) },
  { title: 'out', align: 'right', cell: ({ resultBytes }) => formatBytes(resultBytes) },
];

/** Tools that followed each other, the most frequent first. */
export function printSequences<T extends ToolSequence>(
  output: Output,
  { sequences, leftOut }: { readonly sequences: readonly T[]; readonly leftOut: number },
  more: readonly Column<T>[] = [],
): void {
  printTable(output, sequences.slice(0, MOST_SEQUENCES), [
    { title: 'times', align: 'right', cell: ({ count }) => formatCount(count) },
    ...more,
    { title: 'one after the other', cell: ({ tools }) => tools.map((name) => shorten(name, MOST_NAME)).join(' > ') },
  ]);
  const others = Math.max(0, sequences.length - MOST_SEQUENCES) + leftOut;
  if (others > 0) output.line(styled('dim', `and ${formatCount(others)} more`));
}
