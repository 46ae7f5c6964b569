import { AgentId, AgentMetrics, METRIC_WINDOWS, MetricWindow } from '@tracepost/contracts';
import { figuresOf, type RollupStore } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import Type from 'typebox';
import type { AgentDirectory } from '../agents/agent-directory.ts';
import { withDeadline } from '../deadline.ts';
import { sendProblem } from '../http/answers.ts';
import { LIMITS } from '../http/limits.ts';
import { type FieldFault, invalidParameter } from '../http/problem.ts';
import { QueryTime, readTimeRange } from '../http/query-time.ts';
import type { GatewayServer } from '../http/server.ts';
import { AGENT_METRICS_EXAMPLE } from '../openapi/examples.ts';

const Query = Type.Object(
  { window: Type.Optional(MetricWindow), from: Type.Optional(QueryTime), to: Type.Optional(QueryTime) },
  { additionalProperties: false },
);

export interface AgentMetricsRouteOptions {
  readonly agents: Pick<AgentDirectory, 'has'>;
  readonly rollups: Pick<RollupStore, 'readWindow'>;
  readonly logger: Logger;
}

/** `GET /api/v1/agents/{agentId}/metrics`: how its tasks went that ended within a window. */
export function addAgentMetricsRoute(app: GatewayServer, { agents, rollups, logger }: AgentMetricsRouteOptions): void {
  app.get(
    '/api/v1/agents/:agentId/metrics',
    {
      schema: {
        summary: 'How the tasks of an agent went',
        description: `Of the tasks that ended within a window that ends now (${METRIC_WINDOWS.join(', ')}; default ${DEFAULT_WINDOW}), or from \`from\` on and before \`to\` (default: now), at most ${MOST_DAYS} days. Counts and sums are exact, percentiles within 0.8 %; where nothing ended there are zeros and nulls. A task counts within a second of its end.`,
        tags: ['agents'],
        params: Type.Object({ agentId: AgentId }),
        querystring: Query,
        response: { 200: Type.Unsafe<AgentMetrics>({ ...AgentMetrics, examples: [AGENT_METRICS_EXAMPLE] }) },
        'x-tracepost': { problems: ['AGENT_NOT_FOUND', 'RECORDS_UNAVAILABLE'] },
      },
    },
    async (request, reply) => {
      const { agentId } = request.params;
      const asked = readWindowAsked(request.query, Date.now());
      if ('fault' in asked) return sendProblem(reply, invalidParameter(asked.fault));
      if (!agents.has(agentId)) {
        const detail = 'No agent of this name has ever announced itself.';
        return sendProblem(reply, { code: 'AGENT_NOT_FOUND', detail });
      }
      const { window, fromMs, toMs } = asked;
      try {
        const reading = rollups.readWindow({ agentId, fromMs, toMs });
        const counted = await withDeadline(reading, LIMITS.storeTimeoutMs, 'The record store');
        const timeRange = { start: isoOf(counted.fromMs), end: isoOf(counted.toMs) };
        reply.header('cache-control', 'no-store');
        return reply.code(200).send({ agentId, window, timeRange, ...figuresOf(counted) });
      } catch (error) {
        logger.warn({ layer: 'store', result: 'error', error }, 'The roll-ups cannot be read');
        const detail = 'The record store does not answer.';
        return sendProblem(reply, { code: 'RECORDS_UNAVAILABLE', detail, retryAfterSeconds: 2 });
      }
    },
  );
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WINDOW_MS: Readonly<Record<MetricWindow, number>> = {
  '1h': HOUR_MS,
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
};
const DEFAULT_WINDOW: MetricWindow = '24h';
/** As long as roll-ups are kept. */
const MOST_DAYS = 400;
/** Clocks of machines differ by seconds. */
const MOST_AHEAD_MS = 60_000;

type Asked = { readonly window: MetricWindow | null; readonly fromMs: number; readonly toMs: number };

/** The window that is asked for, or what is wrong with it. */
export function readWindowAsked(
  query: Type.Static<typeof Query>,
  nowMs: number,
): Asked | { readonly fault: FieldFault } {
  const { window, from, to } = query;
  if (from === undefined && to === undefined) {
    const named = window ?? DEFAULT_WINDOW;
    return { window: named, fromMs: nowMs - WINDOW_MS[named], toMs: nowMs };
  }
  if (window !== undefined) return faultAt('/window', 'goes without "from" and "to": either it or those two');
  if (from === undefined) return faultAt('/to', 'needs a "from" beside it');
  const range = readTimeRange({ from, to });
  if ('fault' in range) return range;
  const { fromMs = nowMs, toMs = nowMs } = range;
  if (fromMs >= nowMs) return faultAt('/from', `lies in the future: it is before now, ${isoOf(nowMs)}`);
  if (toMs > nowMs + MOST_AHEAD_MS) {
    return faultAt('/to', `lies in the future: it is now, ${isoOf(nowMs)}, at the latest, or left out`);
  }
  if (toMs - fromMs > MOST_DAYS * DAY_MS) return faultAt('/from', `is at most ${MOST_DAYS} days before "to"`);
  return { window: null, fromMs, toMs };
}

function faultAt(pointer: string, message: string): { readonly fault: FieldFault } {
  return { fault: { pointer, message } };
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
