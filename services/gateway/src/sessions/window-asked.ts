import { METRIC_WINDOWS, MetricWindow } from '@tracepost/contracts';
import Type from 'typebox';
import type { FieldFault } from '../http/problem.ts';
import { QueryTime } from '../http/query-time.ts';
import { readWindowAsked } from '../routes/agent-metrics.ts';

const Word = Type.String({ minLength: 1, maxLength: 256 });

const FILTERS = {
  agentId: Type.Optional(Word),
  provider: Type.Optional(Word),
  model: Type.Optional(Word),
};

/** Whose sessions a question is about. */
export const SessionFilters = Type.Object(FILTERS, { additionalProperties: false });
export type SessionFilters = Type.Static<typeof SessionFilters>;

/** Which sessions a question is about. */
export const SessionWindow = Type.Object(
  {
    window: Type.Optional(MetricWindow),
    from: Type.Optional(QueryTime),
    to: Type.Optional(QueryTime),
    ...FILTERS,
  },
  { additionalProperties: false },
);
export type SessionWindow = Type.Static<typeof SessionWindow>;

export const WINDOW_WORDS = `Of the sessions that were under way within a window that ends now (${METRIC_WINDOWS.join(', ')}; default 7d), or from \`from\` on and before \`to\`.`;

export interface AskedSessions {
  readonly window: MetricWindow | null;
  readonly fromMs: number;
  readonly toMs: number;
  readonly filters: SessionFilters;
}

/** What is asked for, or what is wrong with it. */
export function readSessionWindow(query: SessionWindow, nowMs: number): AskedSessions | { readonly fault: FieldFault } {
  const { agentId: _agent, provider: _provider, model: _model, ...range } = query;
  const isNamed = range.window !== undefined || range.from !== undefined || range.to !== undefined;
  const asked = readWindowAsked(isNamed ? range : { window: '7d' }, nowMs);
  if ('fault' in asked) return asked;
  return { ...asked, filters: filtersOf(query) };
}

/** Those that are asked for, and nothing else of the query. */
export function filtersOf({ agentId, provider, model }: SessionFilters): SessionFilters {
  return {
    ...(agentId === undefined ? {} : { agentId }),
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
  };
}
