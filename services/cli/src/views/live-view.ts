import type { Anomaly, LiveAnalysisView } from '@tracepost/contracts';
import type { Output } from '../output.ts';
import { styled } from '../output.ts';
import { formatMs } from '../time-span.ts';
import { countOf, formatCount, formatNumber, formatShare } from './figures.ts';
import { printAnomaly, printRecommendation } from './finding-lines.ts';
import { printLeftOut } from './left-out.ts';
import type { Shown, ShownRecommendation } from './shown.ts';
import { printTable } from './table.ts';

const MOST_ANOMALIES = 3;
const MOST_ADVICE = 5;

interface Trend {
  readonly step: 'hour' | 'day';
  readonly points: readonly { readonly value: number }[];
  /** Null: of too few points. */
  readonly line: {
    readonly direction: string;
    readonly slope: number;
    readonly low: number;
    readonly high: number;
  } | null;
}

/** The answer of `GET /api/v1/analysis/live`. */
export type LiveAnswer = Omit<LiveAnalysisView, 'live' | 'trends' | 'findings' | 'recommendations'> & {
  readonly live: {
    readonly activeSessions: number;
    readonly requestsPerMinute: number;
    readonly averageResponseMs: number | null;
    readonly errorRate: number | null;
    readonly tokensPerMinute: number;
  };
  readonly trends: Readonly<Record<'tokensByHour' | 'errorRateByHour' | 'complexityByDay' | 'toolsByDay', Trend>> & {
    readonly untimedSessions: number;
  };
  readonly findings: readonly Shown<Anomaly>[];
  readonly recommendations: readonly ShownRecommendation[];
};

const TRENDS = {
  tokensByHour: 'tokens',
  errorRateByHour: 'error rate',
  complexityByDay: 'complexity',
  toolsByDay: 'different tools',
} as const;

export function printLive(output: Output, answer: LiveAnswer): void {
  const { live, trends, findings, recommendations } = answer;
  const section = (title: string): void => {
    output.line('');
    output.line(styled('bold', title));
  };
  output.line(styled('dim', 'The last five minutes'));
  output.line(['sessions  ', styled('bold', formatCount(live.activeSessions))]);
  output.line(`calls     ${formatNumber(live.requestsPerMinute)} of models a minute`);
  output.line(`answers   ${live.averageResponseMs === null ? '-' : formatMs(live.averageResponseMs)} on average`);
  output.line(`failed    ${formatShare(live.errorRate)} of all calls`);
  output.line(`tokens    ${formatNumber(live.tokensPerMinute)} a minute`);
  printLeftOut(output, [answer]);

  section('Seven days');
  printTable(output, Object.entries(TRENDS), [
    { title: 'of', cell: ([, name]) => name },
    { title: 'goes', cell: ([key]) => trends[key as keyof typeof TRENDS].line?.direction ?? 'not known yet' },
    { title: 'from one to the next, with 95 %', cell: ([key]) => slopeOf(trends[key as keyof typeof TRENDS]) },
  ]);
  if (trends.untimedSessions > 0)
    output.line(
      styled('dim', `${countOf(trends.untimedSessions, 'session')} told no times and stand in no hour or day`),
    );
  section('Anomalies of the last day');
  printSome(output, findings, MOST_ANOMALIES, (anomaly) => printAnomaly(output, anomaly, null));
  section('Recommendations of the last day');
  printSome(output, recommendations, MOST_ADVICE, (given) => printRecommendation(output, given, null));
}

function slopeOf({ step, points, line }: Trend): string {
  if (line === null) return `${countOf(points.length, step)} so far`;
  return `${formatNumber(line.slope)} (${formatNumber(line.low)} to ${formatNumber(line.high)}) each ${step}`;
}

function printSome<T>(output: Output, all: readonly T[], most: number, print: (one: T) => void): void {
  if (all.length === 0) output.line(styled('dim', 'None.'));
  for (const one of all.slice(0, most)) print(one);
  if (all.length > most) output.line(styled('dim', `and ${formatCount(all.length - most)} more`));
}
