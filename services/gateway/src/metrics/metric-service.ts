import type { MetricAccuracy, MetricAggregation, MetricCatalogEntry, MetricKind } from '@tracepost/contracts';
import {
  type AnsweredSeries,
  type MetricQuestion,
  type MetricStore,
  QueryTooLargeError,
  type RecordedMetricInfo,
  type RecordedMetricStore,
  StoreUnavailableError,
} from '@tracepost/stores';
import { answerRecorded } from './recorded-answer.ts';
import { createTurns } from './turns.ts';

export type MetricReply =
  | {
      readonly status: 'answered';
      readonly unit: string;
      readonly aggregation: MetricAggregation;
      readonly accuracy: MetricAccuracy | null;
      readonly sampleCount: number;
      readonly series: readonly AnsweredSeries[];
    }
  | {
      readonly status: 'refused';
      readonly kind: MetricKind;
      readonly aggregation: MetricAggregation;
      readonly possible: readonly MetricAggregation[];
    };

/** `failed`: this metric cannot be answered; others could be. */
export type NamedReply = {
  readonly name: string;
  readonly reply: MetricReply | { readonly status: 'failed'; readonly error: Error };
};

type Range = Pick<MetricQuestion, 'from' | 'to' | 'signal'>;

/** One door to both homes of metrics: what came by OTLP, and what was recorded over the API. */
export interface MetricService {
  /** What was recorded answers for a name that both have. Rejects as the stores do, and with `TooManyQuestionsError`. */
  ask(question: MetricQuestion): Promise<MetricReply>;
  /** One number of each metric, by name; of all that the catalog has when no names are given: then only what is wrong with all of them rejects. */
  askAll(
    asked: Range & { readonly names: readonly string[] | null; readonly aggregation: MetricAggregation | null },
  ): Promise<NamedReply[]>;
  catalog(from: Date, to: Date): Promise<MetricCatalogEntry[]>;
}

/** Metrics that are named in one question; a longer list has to be asked for in parts. */
const MAX_NAMES = 200;
/** Of the catalog as a whole, which a program beside ours makes larger than anybody would name. */
const MAX_OF_CATALOG = 1_000;
/** One turn less than there are: a long list leaves some to others. */
const LANES = 3;

export function createMetricService({
  metrics,
  recorded,
}: {
  readonly metrics: Pick<MetricStore, 'queryMetric' | 'catalog'>;
  readonly recorded: Pick<RecordedMetricStore, 'querySamples' | 'catalog'>;
}): MetricService {
  const turns = createTurns();
  let known = new Map<string, RecordedMetricInfo>();

  const learn = async () => {
    const entries = await recorded.catalog();
    known = new Map(entries.map((entry) => [entry.name, entry]));
    return entries;
  };
  // What was recorded once stays; a name that is not known may be by now.
  const findRecorded = async (name: string, hasLearnt: boolean): Promise<RecordedMetricInfo | undefined> => {
    if (!hasLearnt && !known.has(name)) await learn();
    return known.get(name);
  };
  const ask = (question: MetricQuestion, hasLearnt = false): Promise<MetricReply> =>
    turns.take(async () => {
      question.signal?.throwIfAborted();
      let found: RecordedMetricInfo | undefined;
      let trouble: unknown;
      try {
        found = await findRecorded(question.name, hasLearnt);
      } catch (error) {
        trouble = error;
      }
      if (found) return answerRecorded(recorded, question, found);
      const answer = await metrics.queryMetric(question);
      // With the records away, what telemetry knows can be told all the same; of anything else nobody knows whether it is nothing.
      if (trouble !== undefined && answer.kind === null) throw trouble;
      return answer;
    });
  const catalog = async (from: Date, to: Date): Promise<MetricCatalogEntry[]> => {
    const [ofTelemetry, ofRecorded] = await Promise.all([metrics.catalog(from, to), learn()]);
    const entries = new Map<string, MetricCatalogEntry>();
    for (const { name, kind, unit, description, attributes } of ofTelemetry)
      entries.set(name, { name, kind, unit, description, attributes: [...attributes], home: 'telemetry' });
    for (const { name, kind, unit, attributes } of ofRecorded)
      entries.set(name, { name, kind, unit, description: '', attributes: [...attributes], home: 'recorded' });
    return [...entries.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  };

  return {
    ask: (question) => ask(question),
    catalog,
    async askAll({ names, aggregation, from, to, signal }) {
      const asked = names ?? (await catalog(from, to)).map(({ name }) => name);
      const most = names === null ? MAX_OF_CATALOG : MAX_NAMES;
      if (asked.length > most)
        throw new QueryTooLargeError(
          `There are ${asked.length} metrics, and at most ${most} are answered at once; name some.`,
        );
      // Once for all of them; with the records away each finds that out for itself.
      const hasLearnt = await learn().then(
        () => true,
        () => false,
      );
      const replies = new Map<string, NamedReply['reply']>();
      let failure: Error | null = null;
      const waiting = asked.values();
      const lane = async () => {
        for (const name of waiting) {
          const question = { name, from, to, everyMs: null, groupBy: [], where: {}, aggregation };
          try {
            replies.set(name, await ask(signal ? { ...question, signal } : question, hasLearnt));
          } catch (error) {
            if (names !== null || !isOfOne(error)) throw error;
            replies.set(name, { status: 'failed', error });
            failure ??= error;
          }
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      const all = asked.map((name) => ({ name, reply: replies.get(name) as NamedReply['reply'] }));
      if (failure !== null && all.every(({ reply }) => reply.status === 'failed')) throw failure;
      return all;
    },
  };
}

/** One metric may be too wide, or have a row that is damaged: nothing that the others need wait for. */
function isOfOne(error: unknown): error is Error {
  return error instanceof QueryTooLargeError || error instanceof StoreUnavailableError;
}
