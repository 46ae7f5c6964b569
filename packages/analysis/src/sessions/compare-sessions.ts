import type {
  ComparedFigure,
  ComparedSession,
  Divergence,
  SessionAnalysis,
  SessionComparison,
  SessionDocument,
  ToolCounts,
} from '@tracepost/contracts';
import { type RunStep, shownStep, stepsOf } from './steps.ts';

export interface SessionToCompare {
  readonly document: SessionDocument;
  /** What `analyseSession` said of it. */
  readonly analysis: SessionAnalysis;
}

/**
 * Where two runs part, and what differs in figures: made for a run that failed beside one that succeeded. Two runs never use the same words,
 * so words of answers and of plans, and texts of results, are told as lesser differences and part nothing; another request, tool, argument
 * or outcome does. Where they part in what they did is told by itself, for users put the same into other words, too. Linear in the steps.
 */
export function compareSessions(a: SessionToCompare, b: SessionToCompare): SessionComparison {
  const [aSteps, bSteps] = [stepsOf(a.document), stepsOf(b.document)];
  const plans = new Set<string | null>(
    [...a.analysis.tools, ...b.analysis.tools].filter(({ category }) => category === 'plan').map(({ name }) => name),
  );
  const isAct = ({ kind, tool }: RunStep): boolean => kind === 'tool' && !plans.has(tool);
  const { common, divergence, lesserDifferences } = partingOf(aSteps, bSteps, plans);
  const acts = partingOf(aSteps.filter(isAct), bSteps.filter(isAct), plans);
  return {
    a: sideOf(a, aSteps.length),
    b: sideOf(b, bSteps.length),
    commonSteps: common,
    divergence,
    commonToolCalls: acts.common,
    toolDivergence: acts.divergence,
    lesserDifferences,
    figures: figuresOf(a.analysis, b.analysis),
    tools: toolsOf(a.analysis, b.analysis),
  };
}

const MOST_LESSER = 10;

interface Parting {
  /** Steps that both took in the same way. */
  readonly common: number;
  readonly divergence: Divergence | null;
  readonly lesserDifferences: readonly Divergence[];
}

function partingOf(ones: readonly RunStep[], others: readonly RunStep[], plans: ReadonlySet<string | null>): Parting {
  const lesserDifferences: Divergence[] = [];
  const most = Math.max(ones.length, others.length);
  for (let at = 0; at < most; at++) {
    const [one, other] = [ones[at], others[at]];
    const kind = differenceOf(one, other, plans);
    if (!kind) continue;
    const found = { step: at + 1, kind, a: one ? shownStep(one) : null, b: other ? shownStep(other) : null };
    if (kind !== 'result' && kind !== 'wording') return { common: at, divergence: found, lesserDifferences };
    if (lesserDifferences.length < MOST_LESSER) lesserDifferences.push(found);
  }
  return { common: most, divergence: null, lesserDifferences };
}

function differenceOf(
  one: RunStep | undefined,
  other: RunStep | undefined,
  plans: ReadonlySet<string | null>,
): Divergence['kind'] | null {
  if (!one || !other || one.kind !== other.kind || one.tool !== other.tool) return 'step';
  if (one.kind !== 'tool') {
    if (isSameText(one.text, other.text)) return null;
    return one.kind === 'request' ? 'request' : 'wording';
  }
  const isOtherArguments = one.argumentsHash !== other.argumentsHash;
  if (isOtherArguments && !plans.has(one.tool)) return 'arguments';
  if (one.status !== other.status) return 'outcome';
  if (isOtherArguments) return 'wording';
  return isSameText(one.result ?? '', other.result ?? '') ? null : 'result';
}

function isSameText(one: string, other: string): boolean {
  return one === other || squeeze(one) === squeeze(other);
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function sideOf({ document, analysis }: SessionToCompare, steps: number): ComparedSession {
  const said = document.outcome?.succeeded ?? null;
  return {
    sessionId: document.sessionId,
    succeeded: said ?? analysis.totals.endedWell,
    succeededBy: said === null ? 'ending' : 'outcome',
    steps,
  };
}

const FIGURES: readonly (readonly [name: string, unit: string, of: (analysis: SessionAnalysis) => number | null])[] = [
  ['messages', '{message}', ({ totals }) => totals.messages],
  ['modelCalls', '{call}', ({ totals }) => totals.modelCalls],
  ['toolCalls', '{call}', ({ totals }) => totals.toolCalls],
  ['differentTools', '{tool}', ({ tools }) => tools.length],
  ['failedModelCalls', '{call}', ({ totals }) => totals.failedModelCalls],
  ['failedToolCalls', '{call}', ({ totals }) => totals.failedToolCalls],
  ['refusedToolCalls', '{call}', ({ totals }) => totals.refusedToolCalls],
  ['retries', '{call}', ({ totals }) => totals.retries],
  ['errorRate', '1', ({ totals }) => totals.errorRate],
  ['repeatedCalls', '{call}', ({ repeated }) => repeated.reduce((sum, { count }) => sum + count - 1, 0)],
  ['inputTokens', '{token}', ({ totals }) => totals.usage.input],
  ['outputTokens', '{token}', ({ totals }) => totals.usage.output],
  ['cacheReadShare', '1', ({ totals }) => totals.cacheReadShare],
  ['contextUse', '1', ({ totals }) => totals.contextUse],
  ['cost', 'USD', ({ totals }) => totals.costUsd],
  ['duration', 's', ({ totals }) => totals.durationSeconds],
  ['medianResponseTime', 'ms', ({ times }) => times.response?.medianMs ?? null],
  ['complexity', '{point}', ({ complexity }) => complexity.score],
];

function figuresOf(a: SessionAnalysis, b: SessionAnalysis): ComparedFigure[] {
  return FIGURES.map(([name, unit, of]) => {
    const [one, other] = [of(a), of(b)];
    return { name, unit, a: one, b: other, difference: one === null || other === null ? null : other - one };
  });
}

function toolsOf(a: SessionAnalysis, b: SessionAnalysis): SessionComparison['tools'] {
  const [ones, others] = [countsOf(a), countsOf(b)];
  return [...new Set([...ones.keys(), ...others.keys()])]
    .map((name) => ({ name, a: ones.get(name) ?? UNUSED, b: others.get(name) ?? UNUSED }))
    .sort((one, other) => distance(other) - distance(one) || (one.name < other.name ? -1 : 1));
}

const UNUSED: ToolCounts = Object.freeze({ count: 0, failed: 0 });

function countsOf({ tools }: SessionAnalysis): Map<string, ToolCounts> {
  return new Map(tools.map(({ name, count, failed }) => [name, { count, failed }]));
}

function distance({ a, b }: { readonly a: ToolCounts; readonly b: ToolCounts }): number {
  return Math.abs(a.count - b.count) + Math.abs(a.failed - b.failed);
}
