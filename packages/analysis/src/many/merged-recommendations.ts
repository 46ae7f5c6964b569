import type { Evidence, Recommendation, SessionAnalysis } from '@tracepost/contracts';
import { byRank, rankRecommendations } from '../findings/recommend.ts';
import { HIGH_ERROR_RATE, LOOK_AT_ERRORS } from '../findings/recommendations/failing-tools.ts';
import { roundUsd, sumOrNull } from '../findings/recommendations/input.ts';
import { MANY_RETRIES } from '../findings/recommendations/many-retries.ts';
import type { Accumulator } from './accumulator.ts';
import { Best } from './best.ts';
import { type MergedToolUse, mergeTools } from './merged-tools.ts';
import { MostFrequent } from './most-frequent.ts';
import { compare, newestEvidence, newestOf } from './newest-evidence.ts';

const MOST_GROUPS = 10_000;
const MOST_SESSIONS = 10;
const LEAST_CALLS = 5;
const LEAST_FAILURES = 2;

export interface MergedRecommendation extends Recommendation {
  /** In how many sessions it was found. */
  readonly sessions: number;
  /** Those in which it would save most. */
  readonly bestSessions: readonly {
    readonly sessionId: string;
    readonly title: string;
    readonly saves: Recommendation['saves'];
  }[];
}

export interface MergedRecommendations {
  readonly sessions: number;
  /** What would save most first. */
  readonly recommendations: readonly MergedRecommendation[];
  readonly leftOut: number;
}

type Added = Pick<SessionAnalysis, 'sessionId' | 'recommendations' | 'tools' | 'totals' | 'patterns'>;

/**
 * The advice of many sessions, those of one kind about the same thing as one. Error rates of tools and numbers of retries are judged over all
 * sessions together: more than 30 % of a tool's calls, more than two retries a session on average.
 */
export function mergeRecommendations(): Accumulator<Added, MergedRecommendations> {
  const groups = new MostFrequent<Group>(MOST_GROUPS);
  const tools = mergeTools();
  const failures = new MostFrequent<Best<Evidence>>(MOST_GROUPS);
  const retried = newestEvidence();
  let sessions = 0;
  let retries = 0;
  return {
    add: (analysis) => {
      sessions++;
      retries += analysis.totals.retries;
      tools.add(analysis);
      for (const { pattern, evidence } of analysis.patterns)
        if (pattern === 'retry') for (const each of evidence) retried.add(each);
      for (const each of failedCallsOf(analysis)) {
        failures.add(each.tool ?? '', 1, (known) => {
          const best = known ?? newestEvidence();
          best.add(each);
          return best;
        });
      }
      for (const recommendation of analysis.recommendations) {
        const key = JSON.stringify([recommendation.kind, recommendation.subject ?? null]);
        groups.add(key, 1, (known) => (known ?? new Group(recommendation)).add(analysis.sessionId, recommendation));
      }
    },
    result: () => {
      const found = new Map(groups.entries().map(({ key, value }) => [key, value]));
      const evidenceOf = new Map(failures.entries().map(({ key, value }) => [key, value]));
      const failing = tools.result().tools.flatMap((tool): MergedRecommendation[] => {
        const known = found.get(JSON.stringify(['tool_error_rate', tool.name]))?.toRecommendation();
        // A pattern points at ten failures of a session, whichever tools they are of: those of this one may not be among them.
        const own = (known?.evidence ?? []).map((each) => ({ ...each, tool: tool.name }));
        const evidence = newestOf([...own, ...(evidenceOf.get(tool.name)?.items() ?? [])]);
        const isFailing =
          tool.count >= LEAST_CALLS && tool.failed >= LEAST_FAILURES && tool.errorRate > HIGH_ERROR_RATE;
        if (!isFailing || evidence.length === 0) return [];
        return [
          {
            kind: 'tool_error_rate',
            subject: tool.name,
            title: `${Math.round(100 * tool.errorRate)} % of the calls of ${tool.name} failed`,
            advice: adviceOn(tool, known),
            saves: { usd: known?.saves.usd ?? null, ms: known?.saves.ms ?? null, calls: tool.failed },
            severity: 'warning',
            evidence,
            figures: {
              calls: tool.count,
              failed: tool.failed,
              errorRate: tool.errorRate,
              threshold: HIGH_ERROR_RATE,
              sessions: tool.sessions,
            },
            sessions: tool.sessions,
            bestSessions: known?.bestSessions ?? [],
          },
        ];
      });
      const average = sessions === 0 ? 0 : retries / sessions;
      const manyRetries = found.get(JSON.stringify(['many_retries', null]))?.toRecommendation();
      const retrying: MergedRecommendation[] =
        average > MANY_RETRIES && retried.items().length > 0
          ? [
              {
                kind: 'many_retries',
                title: `${average.toFixed(1)} retries a session on average`,
                advice: manyRetries?.advice ?? 'Handle errors where they arise instead of trying again.',
                saves: { usd: manyRetries?.saves.usd ?? null, ms: manyRetries?.saves.ms ?? null, calls: retries },
                severity: 'warning',
                evidence: retried.items(),
                figures: { retries, sessions, average, threshold: MANY_RETRIES },
                sessions: manyRetries?.sessions ?? sessions,
                bestSessions: manyRetries?.bestSessions ?? [],
              },
            ]
          : [];
      const others = [...found.values()].filter(({ kind }) => kind !== 'tool_error_rate' && kind !== 'many_retries');
      return {
        sessions,
        recommendations: rankRecommendations([
          ...failing,
          ...retrying,
          ...others.map((group) => group.toRecommendation()),
        ]),
        leftOut: groups.leftOut,
      };
    },
  };
}

/** With the reason that the session gives in which it would save most, and of how many calls that session says it. */
function adviceOn({ count, failed, sessions }: MergedToolUse, known: MergedRecommendation | undefined): string {
  if (known !== undefined && sessions === 1) return known.advice;
  const inAll = `${LOOK_AT_ERRORS}: ${failed} of ${count} calls failed`;
  if (known === undefined) return `${inAll}.`;
  return `${inAll}. In one session: ${known.advice.replace(`${LOOK_AT_ERRORS}: `, '')}`;
}

/** Each once: those that the pattern points at, and one of each tool, for the pattern points at ten calls in all. */
function failedCallsOf({ patterns, tools }: Pick<Added, 'patterns' | 'tools'>): Iterable<Evidence> {
  const failed = new Map<string, Evidence>();
  for (const { pattern, evidence } of patterns)
    if (pattern === 'tool_error') for (const each of evidence) failed.set(each.id, each);
  for (const { failure } of tools) if (failure) failed.set(failure.id, failure);
  return failed.values();
}

/** Recommendations of one kind about one thing. */
class Group {
  readonly kind: string;
  readonly #subject: string | undefined;
  #sessions = 0;
  #usd: number | null = null;
  #ms: number | null = null;
  #calls: number | null = null;
  #isWarning = false;
  readonly #evidence = newestEvidence();
  readonly #best = new Best<{ readonly sessionId: string; readonly given: Recommendation }>(MOST_SESSIONS, bySaving);

  constructor({ kind, subject }: Recommendation) {
    this.kind = kind;
    this.#subject = subject;
  }

  add(sessionId: string, given: Recommendation): this {
    this.#sessions++;
    this.#usd = sumOrNull([this.#usd, given.saves.usd]);
    this.#ms = sumOrNull([this.#ms, given.saves.ms]);
    this.#calls = sumOrNull([this.#calls, given.saves.calls]);
    this.#isWarning ||= given.severity === 'warning';
    for (const each of given.evidence) this.#evidence.add(each);
    this.#best.add({ sessionId, given });
    return this;
  }

  toRecommendation(): MergedRecommendation {
    const best = this.#best.items();
    const first = best[0]?.given as Recommendation;
    const about = this.#subject === undefined ? {} : { subject: this.#subject };
    const saves = { usd: this.#usd === null ? null : roundUsd(this.#usd), ms: this.#ms, calls: this.#calls };
    return {
      kind: this.kind,
      ...about,
      title: this.#sessions === 1 ? first.title : `In ${this.#sessions} sessions, in one of them: ${first.title}`,
      advice: first.advice,
      saves,
      severity: this.#isWarning ? 'warning' : 'info',
      evidence: this.#evidence.items(),
      figures: { sessions: this.#sessions },
      sessions: this.#sessions,
      bestSessions: best.map(({ sessionId, given }) => ({ sessionId, title: given.title, saves: given.saves })),
    };
  }
}

interface OfSession {
  readonly sessionId: string;
  readonly given: Recommendation;
}

function bySaving(a: OfSession, b: OfSession): number {
  return byRank(a.given, b.given) || compare(a.sessionId, b.sessionId);
}
