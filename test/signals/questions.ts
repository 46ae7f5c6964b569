import { ANALYSIS_QUESTIONS } from '@tracepost/contracts';
import { RECORDED_METRICS } from './vectors/recorded-events.ts';
import { METRICS } from './vectors/recorded-metrics.ts';
import { RECORDED_AGENT, TASK_TRACE, TASKS } from './vectors/recorded-tasks.ts';
import { AGENT_SESSION, HEADLESS_TRACE, SHOP_TRACE } from './vectors/recorded-traces.ts';

/** One question to both installations. */
export interface Question {
  /** What is asked, without the host. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of an answer that does not end, only its head is looked at. */
  readonly isEndless?: boolean;
  /** How long what was sent may take to show in this answer; at once when it is left out. */
  readonly settlesWithinMs?: number;
  /** What of the answer is compared, where some of it is about other things than the vectors. */
  readonly only?: (body: unknown) => unknown;
  /** So many items have to be left to compare: two empty lists are equal, and say nothing. */
  readonly items?: number;
}

export interface Facts {
  /** When the vectors begin. */
  readonly atMs: number;
  /** The same bytes, kept by both, under an id of its own in each. */
  readonly artifactId: string;
}

const METRIC_NAMES: readonly string[] = [...Object.values(METRICS), ...Object.values(RECORDED_METRICS)];
const AGGREGATIONS = ['MEAN', 'SUM', 'MIN', 'MAX', 'COUNT', 'P50', 'P95', 'P99', 'RATE'];

const UNKNOWN = 'ffffffffffffffffffffffffffffffff';

/** What is asked of each GET route of the API's document. A route that is missing here fails the suite: whoever adds one asks it, too. */
export function questions({ atMs, artifactId }: Facts): Readonly<Record<string, readonly Question[]>> {
  const iso = (ms: number): string => new Date(ms).toISOString();
  const [from, to] = [iso(atMs - 7_200_000), iso(atMs + 3_600_000)];
  const window = `from=${from}&to=${to}`;
  const ask = (...paths: string[]): Question[] => paths.map((path) => ({ path }));
  const tasks = (query: string): string => `/api/v1/tasks?agentId=${RECORDED_AGENT}${query}`;
  const traces = (query: string): string => `/api/v1/traces?${window}${query}`;
  const tenMinutes = (name: string): string =>
    `/api/v1/metrics/${name}?from=${iso(atMs)}&to=${iso(atMs + 661_000)}&every=2m`;
  const logs = (query: string): string => `/api/v1/logs?${window}${query}`;
  return {
    '/health': [{ path: '/health', settlesWithinMs: 25_000 }],
    '/health/live': ask('/health/live'),
    '/health/ready': ask('/health/ready'),
    '/api/v1/status': [{ path: '/api/v1/status', only: checksByName, settlesWithinMs: 25_000 }],

    '/api/v1/agents': [{ path: '/api/v1/agents', only: itemsOf((item) => item.agentId === RECORDED_AGENT) }],
    '/api/v1/agents/{agentId}': ask(
      `/api/v1/agents/${RECORDED_AGENT}`,
      '/api/v1/agents/nobody',
      '/api/v1/agents/No%20One',
    ),
    '/api/v1/agents/{agentId}/metrics': ask(
      `/api/v1/agents/${RECORDED_AGENT}/metrics?${window}`,
      `/api/v1/agents/${RECORDED_AGENT}/metrics?from=${iso(atMs + 55)}&to=${iso(atMs + 180_001)}`,
      `/api/v1/agents/${RECORDED_AGENT}/metrics?from=${iso(atMs + 56)}&to=${iso(atMs + 57)}`,
      `/api/v1/agents/${RECORDED_AGENT}/metrics?from=${to}&to=${from}`,
      `/api/v1/agents/${RECORDED_AGENT}/metrics?window=2h`,
      `/api/v1/agents/nobody/metrics?${window}`,
    ),

    '/api/v1/tasks': [
      ...ask(
        tasks(''),
        tasks('&limit=3'),
        tasks('&status=failed,timed_out,dead'),
        tasks('&sort=oldest'),
        tasks('&sessionId=s-1'),
        tasks('&correlationId=order-66'),
        tasks('&source=curl'),
        tasks('&text=vector-re'),
        tasks('&notificationType=recorded.work'),
        tasks(`&from=${iso(atMs + 60_000)}&to=${iso(atMs + 180_000)}`),
        tasks('&status=nonsense'),
        tasks('&cursor=nonsense'),
        tasks('&unknown=1'),
      ),
      { path: tasks(''), headers: { accept: 'application/x-ndjson' } },
      { path: tasks(''), headers: { accept: 'text/csv' } },
    ],
    '/api/v1/tasks/{taskId}': ask(
      ...Object.values(TASKS).map((taskId) => `/api/v1/tasks/${taskId}`),
      '/api/v1/tasks/no-such-task',
    ),
    '/api/v1/tasks/{taskId}/events': ask(
      `/api/v1/tasks/${TASKS.succeeded}/events`,
      `/api/v1/tasks/${TASKS.recovered}/events`,
      '/api/v1/tasks/no-such-task/events',
    ),
    '/api/v1/live': [{ path: '/api/v1/live', isEndless: true }, ...ask('/api/v1/live?status=nonsense')],

    '/api/v1/traces': ask(
      ...['', '&limit=1', '&status=error', '&status=ok', '&service=shop-mail', '&service=nobody'].map(traces),
      ...['&name=place%20order', '&minDurationMs=500', '&minDurationMs=5000', '&maxDurationMs=100'].map(traces),
      ...[`&agentId=${RECORDED_AGENT}`, `&taskId=${TASKS.succeeded}`].map(traces),
      ...['http.route:/orders', 'http.response.status_code:404', 'a.flag:true', 'deployment.environment.name:test'].map(
        (attribute) => traces(`&attribute=${encodeURIComponent(attribute)}`),
      ),
      traces('&attribute=http.route:/orders&attribute=items:3'),
      traces('&attribute=nonsense'),
      traces('&cursor=nonsense'),
    ),
    '/api/v1/traces/{traceId}': ask(
      `/api/v1/traces/${SHOP_TRACE}`,
      `/api/v1/traces/${TASK_TRACE}`,
      `/api/v1/traces/${HEADLESS_TRACE}`,
      `/api/v1/traces/${UNKNOWN}`,
      '/api/v1/traces/nonsense',
    ),
    '/api/v1/logs': ask(
      logs(`&traceId=${SHOP_TRACE}`),
      logs(`&traceId=${SHOP_TRACE}&limit=1`),
      logs(`&taskId=${TASKS.succeeded}`),
      logs('&service=shop-web'),
      logs('&service=shop-web&level=warn'),
      logs('&service=shop-orders&text=CARD'),
      logs('&service=shop-web&limit=3'),
      logs(`&traceId=${UNKNOWN}`),
      logs('&level=nonsense'),
      `/api/v1/logs?from=${to}&to=${from}`,
    ),

    '/api/v1/metrics': ask(
      `/api/v1/metrics?names=${METRIC_NAMES.join(',')}&${window}`,
      ...AGGREGATIONS.map(
        (aggregation) => `/api/v1/metrics?names=${METRIC_NAMES[0]}&aggregation=${aggregation}&${window}`,
      ),
      `/api/v1/metrics?names=no.such.metric&${window}`,
      `/api/v1/metrics?names=${METRIC_NAMES[0]}&aggregation=MEDIAN&${window}`,
    ),
    '/api/v1/metrics/catalog': [
      {
        path: `/api/v1/metrics/catalog?${window}`,
        only: itemsOf((item) => METRIC_NAMES.includes(String(item.name))),
      },
    ],
    '/api/v1/metrics/{name}': ask(
      ...METRIC_NAMES.flatMap((name) => [
        `/api/v1/metrics/${name}?${window}`,
        ...AGGREGATIONS.map((aggregation) => `/api/v1/metrics/${name}?${window}&aggregation=${aggregation}`),
        // Windows of which the last is cut by the end of the time that is asked for.
        ...['SUM', 'MEAN', 'P95', 'RATE'].map((aggregation) => `${tenMinutes(name)}&aggregation=${aggregation}`),
      ]),
      ...['http.route', 'service.instance.id', 'http.route,service.instance.id', 'no.such.attribute'].map(
        (groupBy) => `/api/v1/metrics/${METRICS.counter}?${window}&aggregation=SUM&groupBy=${groupBy}`,
      ),
      `/api/v1/metrics/${METRICS.histogram}?${window}&aggregation=P95&groupBy=http.route&every=5m`,
      `/api/v1/metrics/${METRICS.gauge}?${window}&aggregation=MAX&groupBy=shelf&where=shelf:b`,
      `/api/v1/metrics/${RECORDED_METRICS.counter}?${window}&aggregation=SUM&groupBy=line&every=3m`,
      // What stores' own languages would take for something else, or cannot be told at all.
      ...[
        'Time:noon',
        'TIME:noon',
        'Time:',
        'Time:noon%0D',
        'Time:noon%00',
        'Ti%0Dme:noon',
        'Ti%0Ame:',
        'Time:noon%5C',
      ].map((where) => `/api/v1/metrics/${METRICS.upDown}?${window}&aggregation=COUNT&where=${where}`),
      `/api/v1/metrics/${METRICS.upDown}?${window}&aggregation=COUNT&groupBy=Time`,
      `/api/v1/metrics/no%0Dsuch.metric?${window}`,
      `/api/v1/metrics/no.such.metric?${window}`,
      `/api/v1/metrics/${METRICS.counter}?every=nonsense`,
    ),

    '/api/v1/events': ask(
      `/api/v1/events?source=vectors&${window}`,
      `/api/v1/events?source=vectors&type=COMMAND&${window}`,
      `/api/v1/events?source=vectors&limit=2&${window}`,
      `/api/v1/events?correlationId=order-66&${window}`,
      `/api/v1/events?type=METRIC&${window}`,
      `/api/v1/events?source=nobody&${window}`,
      '/api/v1/events?from=nonsense',
    ),

    '/api/v1/queues': [{ path: '/api/v1/queues', only: itemsOf((item) => item.agentId === RECORDED_AGENT) }],
    '/api/v1/queues/{queue}/dead-letters': ask(
      `/api/v1/queues/agent.${RECORDED_AGENT}/dead-letters`,
      '/api/v1/queues/agent.nobody/dead-letters',
    ),
    '/api/v1/queues/{queue}/dead-letters/{taskId}': ask(
      `/api/v1/queues/agent.${RECORDED_AGENT}/dead-letters/${TASKS.dead}`,
      `/api/v1/queues/agent.${RECORDED_AGENT}/dead-letters/no-such-task`,
    ),
    '/api/v1/sessions': [
      ...[window, `${window}&agentId=recorded-helper`].map((query) => ({
        path: `/api/v1/sessions?${query}`,
        only: recordedSession,
        items: 1,
        settlesWithinMs: 25_000,
      })),
      ...ask(
        '/api/v1/sessions?complexity=huge',
        '/api/v1/sessions?cursor=nonsense',
        `/api/v1/sessions?${window}&agentId=nobody`,
      ),
    ],
    '/api/v1/sessions/{sessionId}': [
      { path: `/api/v1/sessions/${AGENT_SESSION}`, only: withoutItsWriting, settlesWithinMs: 25_000 },
      ...ask('/api/v1/sessions/nobody'),
    ],
    '/api/v1/sessions/{sessionId}/compare/{otherId}': [
      { path: `/api/v1/sessions/${AGENT_SESSION}/compare/${AGENT_SESSION}`, settlesWithinMs: 25_000 },
      ...ask(`/api/v1/sessions/${AGENT_SESSION}/compare/nobody`),
    ],
    ...Object.fromEntries(
      ANALYSIS_QUESTIONS.map((question) => [
        `/api/v1/analysis/${question}`,
        ask(`/api/v1/analysis/${question}?${window}`, `/api/v1/analysis/${question}?window=2h`),
      ]),
    ),
    '/api/v1/analysis/live': ['', '?agentId=nobody'].map((query) => ({
      path: `/api/v1/analysis/live${query}`,
      only: withoutItsTime,
    })),
    '/api/v1/audit': [
      ...['', '&action=cancel'].map((query) => ({
        path: `/api/v1/audit?taskId=${TASKS.succeeded}${query}`,
        only: withoutItsRequest,
        items: 1,
      })),
      ...ask(`/api/v1/audit?taskId=${TASKS.succeeded}&action=retry`, '/api/v1/audit?action=nonsense'),
    ],
    '/api/v1/artifacts/{artifactId}': ask(`/api/v1/artifacts/${artifactId}`, '/api/v1/artifacts/no-such-artifact'),
  };
}

type Item = Readonly<Record<string, unknown>>;

function itemsOf(isWanted: (item: Item) => boolean): (body: unknown) => unknown {
  return (body) => {
    const list = body as { readonly items: readonly Item[] };
    return { ...list, items: list.items.filter(isWanted) };
  };
}

/** There may be sessions of the agents of each installation, too. */
function recordedSession(body: unknown): unknown {
  const list = itemsOf(({ sessionId }) => sessionId === AGENT_SESSION)(body) as { readonly items: readonly Item[] };
  return { ...list, items: list.items.map((item) => ({ ...item, takenAt: null, changedAt: null })) };
}

/** Each was asked at a moment of its own, in a trace of its own. */
function withoutItsRequest(body: unknown): unknown {
  const list = body as { readonly items: readonly Item[] };
  return { ...list, items: list.items.map((item) => ({ ...item, auditId: null, at: null, traceId: null })) };
}

/** When it was written, and how often: spans come in pieces. */
function withoutItsWriting(body: unknown): unknown {
  return { ...(body as object), takenAt: null, changedAt: null, version: null };
}

/** The five minutes before each is asked. */
function withoutItsTime(body: unknown): unknown {
  const answer = body as { readonly live: Readonly<Record<string, unknown>> };
  return { ...answer, live: { ...answer.live, from: null, to: null } };
}

/** They come in the order in which they were thought of, which means nothing. */
function checksByName(body: unknown): unknown {
  const status = body as { readonly checks: readonly Item[] };
  return { ...status, checks: Object.fromEntries(status.checks.map(({ name, ...check }) => [name, check])) };
}
