import type { Distribution } from '@tracepost/contracts';
import type { Output, Piece } from '../output.ts';
import { styled } from '../output.ts';
import { formatMoment, formatMs } from '../time-span.ts';
import { countOf, formatCount, formatShare, formatUsd, shorten } from './figures.ts';
import { example, printAnomaly, printEvidence, printRecommendation } from './finding-lines.ts';
import { printCosts } from './session-costs.ts';
import type { ShownSession } from './shown.ts';
import { printTable } from './table.ts';
import { printSequences, toolCosts } from './tool-lines.ts';

const MOST_REPEATED = 10;

/** Everything that is known of a session as a page: figures first, then what they rest on, what was found, and what to do about it. */
export function printSession(output: Output, session: ShownSession): void {
  const { sessionId, patterns, anomalies, recommendations } = session;
  printHead(output, session);
  const section = (title: string): void => {
    output.line('');
    output.line(styled('bold', title));
  };
  const none = (entries: readonly unknown[]): void => {
    if (entries.length === 0) output.line(styled('dim', 'None.'));
  };
  section('Models');
  printModels(output, session);
  section('Cost');
  printCosts(output, session);
  section('Tools');
  printTools(output, session);
  section('Sequences');
  printSequences(output, { sequences: session.sequences, leftOut: session.leftOut.sequences });
  section('Patterns');
  none(patterns);
  for (const { pattern, count, by, evidence, example: text } of patterns) {
    output.line([styled('bold', pattern), ` ${formatCount(count)} × · by ${by} · ${example(text)}`]);
    printEvidence(output, evidence, sessionId);
  }
  section('Complexity');
  printComplexity(output, session);
  section('Times');
  printTimes(output, session);
  section('Anomalies');
  none(anomalies);
  for (const anomaly of anomalies) printAnomaly(output, anomaly, sessionId);
  section('Recommendations');
  none(recommendations);
  for (const given of recommendations) printRecommendation(output, given, sessionId);
}

function printHead(output: Output, session: ShownSession): void {
  const { sessionId, title, agentId, format, parentSessionId, outcome, totals, countedElsewhere, version } = session;
  const { startedAt, endedAt, durationSeconds, usage, endedWell } = totals;
  output.line(['session  ', styled('bold', sessionId), title === null ? '' : ` · ${shorten(title, 120)}`]);
  output.line(`agent    ${agentId} · format ${format} · version ${version}`);
  if (parentSessionId !== null) output.line(`parent   ${parentSessionId}`);
  if (startedAt !== null && endedAt !== null) {
    const took = durationSeconds === null ? '' : ` · ${formatMs(durationSeconds * 1_000)}`;
    output.line(`when     ${formatMoment(startedAt)} to ${formatMoment(endedAt)}${took}`);
  }
  const said = outcome === null ? '' : ` · outcome ${outcomeWord(outcome.succeeded)}${detailOf(outcome.detail)}`;
  output.line(['ended    ', endedWell ? styled('green', 'well') : styled('red', 'not well'), said]);
  output.line([
    `calls    ${formatCount(totals.modelCalls)} of models`,
    failed(totals.failedModelCalls),
    ` · ${formatCount(totals.toolCalls)} of tools`,
    failed(totals.failedToolCalls),
    totals.refusedToolCalls > 0 ? ` (${formatCount(totals.refusedToolCalls)} refused)` : '',
    ` · ${totals.retries === 1 ? '1 retry' : `${formatCount(totals.retries)} retries`}`,
    ` · ${formatShare(totals.successRate)} succeeded · ${countOf(totals.messages, 'message')}`,
  ]);
  const cache = usage.cacheRead > 0 ? ` (${formatShare(totals.cacheReadShare)} read from a cache)` : '';
  const full = totals.contextUse === null ? '' : ` · context ${formatShare(totals.contextUse)} full`;
  output.line([
    `tokens   ${formatCount(usage.input)} in${cache} · ${formatCount(usage.output)} out${full} · `,
    totals.usageSource === 'reported' ? 'reported' : styled('yellow', totals.usageSource),
  ]);
  const unpriced =
    totals.unpricedCalls > 0 ? ` and the cost of ${countOf(totals.unpricedCalls, 'call')} without a known price` : '';
  const standard = totals.standardPriceCalls
    ? ` · ${countOf(totals.standardPriceCalls, 'call')} of another service tier at the standard price`
    : '';
  const told = totals.reportedCostUsd === null ? '' : ` · the transcript says ${formatUsd(totals.reportedCostUsd)}`;
  output.line(`cost     ${formatUsd(totals.costUsd)}${unpriced}${standard}${told}`);
  for (const [other, calls] of Map.groupBy(countedElsewhere, (call) => call.sessionId))
    output.line(styled('dim', `counted  ${countOf(calls.length, 'call')} in session ${other}, not here, over many`));
  const { sequences: _, ...entries } = session.leftOut;
  for (const [what, count] of Object.entries(entries))
    if (count > 0) output.line(styled('dim', `left out ${formatCount(count)} of the oldest ${what} in this answer`));
}

function printModels(output: Output, { models }: ShownSession): void {
  printTable(output, models, [
    { title: 'model', cell: ({ provider, model }) => shorten(`${provider ?? '?'}/${model ?? '?'}`, 60) },
    { title: 'calls', align: 'right', cell: ({ calls }) => formatCount(calls) },
    { title: 'in', align: 'right', cell: ({ usage }) => formatCount(usage.input) },
    { title: 'from cache', align: 'right', cell: ({ usage }) => formatCount(usage.cacheRead) },
    { title: 'out', align: 'right', cell: ({ usage }) => formatCount(usage.output) },
    { title: 'tokens', cell: ({ usageSource }) => usageSource },
    { title: 'cost', align: 'right', cell: ({ costUsd }) => formatUsd(costUsd) },
    { title: 'unpriced', align: 'right', cell: ({ unpricedCalls }) => formatCount(unpricedCalls) },
  ]);
}

function printTools(output: Output, { tools, repeated }: ShownSession): void {
  printTable(output, tools, [
    { title: 'tool', cell: ({ name }) => shorten(name, 60) },
    { title: 'category', cell: ({ category }) => category },
    { title: 'calls', align: 'right', cell: ({ count }) => formatCount(count) },
    { title: 'failed', align: 'right', cell: (tool) => red(tool.failed) },
    { title: 'refused', align: 'right', cell: (tool) => formatCount(tool.refused) },
    { title: 'pending', align: 'right', cell: (tool) => formatCount(tool.pending) },
    ...toolCosts,
  ]);
  for (const { tool, count, from } of repeated.slice(0, MOST_REPEATED)) {
    const since = from === null ? '' : ` from ${formatMoment(from)} on`;
    output.line(`${shorten(tool, 60)} ${formatCount(count)} × with the same arguments${since}`);
  }
  const more = repeated.length - MOST_REPEATED;
  if (more > 0) output.line(styled('dim', `and ${countOf(more, 'more repetition')}`));
}

function printComplexity(output: Output, { complexity: { complexity, score, parts } }: ShownSession): void {
  output.line([styled('bold', complexity), `, ${countOf(score, 'point')}`]);
  const { messages, uniqueTools, errorRate, duration } = parts;
  const seconds = duration.value === null ? 'not known' : formatMs(duration.value * 1_000);
  printTable(
    output,
    [
      ['messages', formatCount(messages.value), messages.points],
      ['different tools', formatCount(uniqueTools.value), uniqueTools.points],
      ['error rate', formatShare(errorRate.value), errorRate.points],
      ['duration', seconds, duration.points],
    ] as const,
    [
      { title: 'part', cell: ([part]) => part },
      { title: 'value', align: 'right', cell: ([, value]) => value },
      { title: 'points', align: 'right', cell: ([, , points]) => String(points) },
    ],
  );
}

function printTimes(output: Output, { times }: ShownSession): void {
  const known = (['response', 'queue', 'processing'] as const).flatMap((name) => {
    const values: Distribution | null = times[name];
    return values === null ? [] : [{ name, ...values }];
  });
  printTable(output, known, [
    { title: 'time', cell: ({ name }) => name },
    { title: 'calls', align: 'right', cell: ({ count }) => formatCount(count) },
    { title: 'average', align: 'right', cell: ({ averageMs }) => formatMs(averageMs) },
    { title: 'median', align: 'right', cell: ({ medianMs }) => formatMs(medianMs) },
    { title: 'p95', align: 'right', cell: ({ p95Ms }) => formatMs(p95Ms) },
    { title: 'longest', align: 'right', cell: ({ maximumMs }) => formatMs(maximumMs) },
  ]);
}

function failed(count: number): Piece {
  return count > 0 ? styled('red', ` (${formatCount(count)} failed)`) : '';
}

function red(count: number): Piece {
  return count > 0 ? styled('red', formatCount(count)) : '0';
}

function outcomeWord(succeeded: boolean | null): string {
  if (succeeded === null) return 'unknown';
  return succeeded ? 'success' : 'failure';
}

function detailOf(detail: string | null): string {
  return detail === null ? '' : ` (${shorten(detail, 120)})`;
}
