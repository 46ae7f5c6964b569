import type { Output, Piece } from '../output.ts';
import { styled } from '../output.ts';
import type { CostFigures, Report } from '../report/ask-report.ts';
import { formatMoment } from '../time-span.ts';
import { countOf, formatCount, formatShare, formatUsd, shorten } from './figures.ts';
import { example, printAnomaly, printRecommendation } from './finding-lines.ts';
import { printLeftOut } from './left-out.ts';
import { type Column, printTable } from './table.ts';
import { printTimes } from './times-view.ts';
import { printSequences, toolCosts } from './tool-lines.ts';

const MOST_TOOLS = 15;
const MOST_MODELS = 15;
const MOST_ANOMALIES = 3;
const MOST_ADVICE = 5;

/** What the sessions of a window came to, the most telling entries of each list; `--json` has them all. */
export function printReport(output: Output, report: Report): void {
  const { costs, times, tools, sequences, patterns, anomalies, recommendations } = report;
  const section = (title: string): void => {
    output.line('');
    output.line(styled('bold', title));
  };
  printHead(output, report);
  printLeftOut(
    output,
    [times, tools, sequences, patterns, anomalies, recommendations].filter((answer) => answer !== null),
  );

  section('Cost by model');
  printMost(output, costs.byModel, MOST_MODELS, [
    { title: 'model', cell: ({ provider, model }) => shorten(`${provider ?? '?'}/${model ?? '?'}`, 60) },
    ...costColumns,
  ]);
  section('Cost by agent');
  printMost(output, costs.byAgent, MOST_MODELS, [
    { title: 'agent', cell: ({ agentId }) => shorten(agentId, 60) },
    ...costColumns,
  ]);
  section('Times');
  if (times === null) output.line(styled('dim', 'Not known: the gateway is of an older version.'));
  else printTimes(output, times);
  section('Tools');
  printMost(output, tools.tools, MOST_TOOLS, [
    { title: 'tool', cell: ({ name }) => shorten(name, 60) },
    { title: 'category', cell: ({ category }) => category },
    { title: 'calls', align: 'right', cell: ({ count }) => formatCount(count) },
    { title: 'failed', align: 'right', cell: ({ failed }) => red(failed) },
    { title: 'error rate', align: 'right', cell: ({ errorRate }) => formatShare(errorRate) },
    ...toolCosts,
    { title: 'sessions', align: 'right', cell: ({ sessions }) => formatCount(sessions) },
  ]);
  section('Sequences');
  printSequences(output, sequences, [
    { title: 'sessions', align: 'right', cell: ({ sessions }) => formatCount(sessions) },
  ]);
  section('Patterns');
  printTable(output, patterns.patterns, [
    { title: 'pattern', cell: ({ pattern }) => pattern },
    { title: 'times', align: 'right', cell: ({ count }) => formatCount(count) },
    { title: 'sessions', align: 'right', cell: ({ sessions }) => formatCount(sessions) },
    { title: 'of all', align: 'right', cell: ({ share }) => formatShare(share) },
    { title: 'newest', cell: (found) => shorten(example(found.example), 80) },
  ]);
  section('Anomalies');
  printTable(output, anomalies.kinds, [
    { title: 'kind', cell: ({ kind }) => kind },
    { title: 'times', align: 'right', cell: ({ count }) => formatCount(count) },
    { title: 'sessions', align: 'right', cell: ({ sessions }) => formatCount(sessions) },
    { title: 'disputed', align: 'right', cell: ({ disputed }) => formatCount(disputed) },
  ]);
  for (const anomaly of anomalies.anomalies.slice(0, MOST_ANOMALIES)) printAnomaly(output, anomaly, null);
  printMore(output, anomalies.anomalies.length - MOST_ANOMALIES);
  section('Recommendations');
  const advice = recommendations.recommendations;
  if (advice.length === 0) output.line(styled('dim', 'None.'));
  for (const given of advice.slice(0, MOST_ADVICE)) printRecommendation(output, given, null);
  printMore(output, advice.length - MOST_ADVICE);
}

function printHead(output: Output, { window, timeRange, sessions, earlierAt, costs }: Report): void {
  const { count, isCut, endedWell, succeeded, failed } = sessions;
  const { total } = costs;
  const of = window === null ? '' : ` (${window})`;
  output.line(
    styled('dim', `Sessions under way from ${formatMoment(timeRange.start)} to ${formatMoment(timeRange.end)}${of}`),
  );
  const cut = isCut ? styled('yellow', ' · the newest; there are more') : '';
  output.line(['sessions  ', styled('bold', formatCount(count)), cut]);
  if (earlierAt !== null)
    output.line(
      styled(
        'dim',
        `          and earlier ones, the newest of ${formatMoment(earlierAt)}: ${rangeFrom(earlierAt, timeRange)}`,
      ),
    );
  output.line(`success   ${formatCount(endedWell)} ended well${percent(endedWell, count)}${saidOf(succeeded, failed)}`);
  output.line([
    `calls     ${formatCount(sessions.modelCalls)} of models, ${formatCount(sessions.toolCalls)} of tools · failed `,
    red(sessions.failedModelCalls + sessions.failedToolCalls),
    percent(sessions.failedModelCalls + sessions.failedToolCalls, sessions.modelCalls + sessions.toolCalls),
  ]);
  const { usage, cacheReadShare, estimatedCalls } = total;
  const cache = usage.cacheRead > 0 ? ` (${formatShare(cacheReadShare)} read from a cache)` : '';
  const estimated = estimatedCalls > 0 ? ` · ${countOf(estimatedCalls, 'call')} estimated` : '';
  output.line(`tokens    ${formatCount(usage.input)} in${cache} · ${formatCount(usage.output)} out${estimated}`);
  const unpriced =
    total.unpricedCalls > 0 ? ` and the cost of ${countOf(total.unpricedCalls, 'call')} without a known price` : '';
  output.line(`cost      ${formatUsd(total.costUsd)}${unpriced}`);
  // The head counts calls in every session that has them, the costs each once.
  if (sessions.modelCalls > total.calls && !isCut)
    output.line(
      styled(
        'dim',
        `          of ${countOf(total.calls, 'call')} in the window; one that stands in several sessions counts once`,
      ),
    );
}

/** As long a time as the gateway answers for; where now lies too far behind it, as much as that from then on. */
function rangeFrom(earlierAt: string, { end }: Report['timeRange']): string {
  const day = earlierAt.slice(0, 10);
  const lastMs = Date.parse(day) + MOST_DAYS * DAY_MS;
  return Date.parse(end) < lastMs
    ? `--from ${day}`
    : `--from ${day} --to ${new Date(lastMs).toISOString().slice(0, 10)}`;
}

const DAY_MS = 86_400_000;
const MOST_DAYS = 399;

const costColumns: readonly Column<CostFigures>[] = [
  { title: 'calls', align: 'right', cell: ({ calls }) => formatCount(calls) },
  { title: 'failed', align: 'right', cell: ({ failedCalls }) => red(failedCalls) },
  { title: 'in', align: 'right', cell: ({ usage }) => formatCount(usage.input) },
  { title: 'from cache', align: 'right', cell: ({ cacheReadShare }) => formatShare(cacheReadShare) },
  { title: 'out', align: 'right', cell: ({ usage }) => formatCount(usage.output) },
  { title: 'estimated', align: 'right', cell: ({ estimatedCalls }) => formatCount(estimatedCalls) },
  { title: 'unpriced', align: 'right', cell: ({ unpricedCalls }) => formatCount(unpricedCalls) },
  { title: 'cost', align: 'right', cell: ({ costUsd }) => formatUsd(costUsd) },
];

function printMost<T>(output: Output, rows: readonly T[], most: number, columns: readonly Column<T>[]): void {
  printTable(output, rows.slice(0, most), columns);
  printMore(output, rows.length - most);
}

function printMore(output: Output, more: number): void {
  if (more > 0) output.line(styled('dim', `and ${formatCount(more)} more`));
}

function saidOf(succeeded: number, failed: number): string {
  const said = succeeded + failed;
  return said === 0 ? '' : ` · ${formatCount(succeeded)} of ${formatCount(said)} whose transcripts say so succeeded`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '' : ` (${formatShare(part / whole)})`;
}

function red(count: number): Piece {
  return count > 0 ? styled('red', formatCount(count)) : '0';
}
