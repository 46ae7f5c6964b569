import type { MergedSpread, MergedTimes } from '@tracepost/contracts';
import type { Output } from '../output.ts';
import { formatMs } from '../time-span.ts';
import { countOf, formatCount, formatNumber, formatShare, shorten } from './figures.ts';
import { printTable } from './table.ts';

const MOST_ID = 60;

/** How long it took, how full the context was, how sparingly and how complex: of many sessions. */
export function printTimes(output: Output, times: MergedTimes): void {
  const { durationSeconds, contextUse, tokenEfficiency, averageComplexityScore, complexities } = times;
  const kinds = [
    ['answers of models', times.response],
    ['waits of tools', times.queue],
    ['work of tools', times.processing],
  ] as const;
  printTable(
    output,
    kinds.flatMap(([name, of]) => (of === null ? [] : [{ name, of }])),
    [
      { title: 'of', cell: ({ name }) => name },
      { title: 'times', align: 'right', cell: ({ of }) => formatCount(of.count) },
      { title: 'average', align: 'right', cell: ({ of }) => formatMs(of.averageMs) },
      { title: 'median session', align: 'right', cell: ({ of }) => formatMs(of.sessionMedianMs) },
      { title: 'longest', align: 'right', cell: ({ of }) => formatMs(of.maximumMs) },
      { title: 'slowest session', cell: ({ of }) => shorten(of.slowestSession, MOST_ID) },
    ],
  );
  if (durationSeconds) output.line(spread('sessions', durationSeconds, (seconds) => formatMs(seconds * 1_000)));
  if (contextUse) output.line(spread('context', contextUse, (share) => `${formatShare(share)} full`));
  if (tokenEfficiency !== null) output.line(`tokens    ${formatNumber(tokenEfficiency)} out for each one in`);
  if (averageComplexityScore === null) return;
  const words = complexities.map(({ complexity, sessions }) => `${countOf(sessions, 'session')} ${complexity}`);
  output.line(`complex   ${formatNumber(averageComplexityScore)} points on average · ${words.join(' · ')}`);
}

function spread(name: string, of: MergedSpread, format: (value: number) => string): string {
  const { median, p95, maximum, highestSession } = of;
  return `${name.padEnd(9)} ${format(median)} (median), ${format(p95)} (p95), at most ${format(maximum)}: ${shorten(highestSession, MOST_ID)}`;
}
