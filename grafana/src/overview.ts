import { type Dashboard, layOut } from './dashboard.ts';
import { gauge, has, matches, percentile, perSecond, shareOf } from './flux.ts';
import { frame } from './frame.ts';
import { LATEST_TASKS } from './latest-tasks.ts';
import { toTrace, toTraces } from './links.ts';
import { attributeVariable, column, fluxTarget, row, series, sqlTarget, table } from './panels.ts';
import { collectorFill, lossLedger } from './pipeline.ts';
import { label, variable } from './variables.ts';

const GATEWAY = 'tracepost-gateway';
const AGENTS = 'tracepost-agents';
const OF_AGENT = matches('tracepost.agent.id', 'agent');
const OF_QUEUE = matches('tracepost.queue', 'queue');
const OF_SERVICE = matches('service.name', 'service');
const REQUESTS = { metric: 'http.server.request.duration', by: { 'http.route': 'route' }, where: [OF_SERVICE] };
const tracesOfRoute = [toTraces(GATEWAY, { 'http.route': label('route') })];
const tracesOfService = [toTraces(label('service'), {})];
const tracesOfAgent = [toTraces(AGENTS, { 'tracepost.agent.id': label('agent') })];

/** Is it working, what is running, what waits, and can the answer be trusted: in this order from the top. */
export const overview: Dashboard = frame(
  {
    uid: 'tracepost-overview',
    title: 'Overview',
    description: 'Requests, tasks, queues, tools, and the telemetry that tells about them',
  },
  [
    attributeVariable('service', 'Service', 'service.name'),
    attributeVariable('agent', 'Agent', 'tracepost.agent.id'),
    attributeVariable('queue', 'Queue', 'tracepost.queue'),
  ],
  layOut([
    row('Requests'),
    series({
      title: 'Requests',
      description: 'HTTP requests per second, by route',
      queries: [perSecond({ ...REQUESTS, field: 'count' })],
      unit: 'reqps',
      legend: label('route'),
      links: tracesOfRoute,
    }),
    series({
      title: 'Failed requests',
      description: 'Share of the requests that were answered with 5xx, by route',
      queries: [shareOf({ ...REQUESTS, field: 'count', isCounted: has('http.response.status_code', '^5') })],
      unit: 'percentunit',
      max: 1,
      legend: label('route'),
      links: tracesOfRoute,
    }),
    series({
      title: 'Request duration, p95',
      description: 'From the buckets of the histogram, over all instances',
      queries: [percentile({ ...REQUESTS, quantile: 0.95 })],
      unit: 's',
      legend: label('route'),
      links: tracesOfRoute,
    }),

    series({
      title: 'Requests by service',
      description: 'HTTP requests per second that each service answered',
      queries: [perSecond({ ...REQUESTS, by: { 'service.name': 'service' }, field: 'count' })],
      unit: 'reqps',
      legend: label('service'),
      links: tracesOfService,
    }),
    series({
      title: 'Failed requests by service',
      description: 'Share of the requests that were answered with 5xx',
      queries: [
        shareOf({
          ...REQUESTS,
          by: { 'service.name': 'service' },
          field: 'count',
          isCounted: has('http.response.status_code', '^5'),
        }),
      ],
      unit: 'percentunit',
      max: 1,
      legend: label('service'),
      links: tracesOfService,
    }),
    series({
      title: 'Request duration by service, p95',
      description: 'From the buckets of the histogram, over all instances of a service',
      queries: [percentile({ ...REQUESTS, by: { 'service.name': 'service' }, quantile: 0.95 })],
      unit: 's',
      legend: label('service'),
      links: tracesOfService,
    }),

    row('Tasks'),
    series({
      title: 'Tasks ended',
      description: 'Per second, by agent and how they ended',
      queries: [
        perSecond({
          metric: 'tracepost.task.executions',
          field: 'counter',
          by: { 'tracepost.agent.id': 'agent', 'tracepost.task.status': 'status' },
          where: [OF_AGENT],
        }),
      ],
      unit: 'ops',
      legend: `${label('agent')} ${label('status')}`,
      links: tracesOfAgent,
      drawAs: 'stacked-bars',
    }),
    series({
      title: 'Task duration, p95',
      description: 'From accepted to ended, by agent',
      queries: [
        percentile({
          metric: 'tracepost.task.duration',
          by: { 'tracepost.agent.id': 'agent' },
          where: [OF_AGENT],
          quantile: 0.95,
        }),
      ],
      unit: 's',
      legend: label('agent'),
      links: tracesOfAgent,
    }),
    series({
      title: 'Run time of an attempt, p95',
      description: 'What the agent itself took, by agent and outcome',
      queries: [
        percentile({
          metric: 'tracepost.agent.processing.duration',
          by: { 'tracepost.agent.id': 'agent', 'tracepost.outcome': 'outcome' },
          where: [OF_AGENT],
          quantile: 0.95,
        }),
      ],
      unit: 's',
      legend: `${label('agent')} ${label('outcome')}`,
      links: tracesOfAgent,
    }),
    table({
      title: 'Latest tasks',
      description: 'From the records; the trace id opens the trace',
      target: sqlTarget(LATEST_TASKS),
      overrides: [
        column('duration', { unit: 's' }),
        column('accepted', { 'custom.width': 180 }),
        column('trace', { links: [toTrace(variable('__value.text'))], 'custom.width': 300 }),
      ],
    }),

    row('Queues'),
    series({
      title: 'Queue depth',
      description:
        'Messages that wait (ready), are worked on (unacknowledged), wait for a retry (delayed) or were given up (dead)',
      queries: [
        gauge({
          metric: 'tracepost.queue.depth',
          by: { 'tracepost.queue': 'queue', 'tracepost.queue.state': 'state' },
          where: [OF_QUEUE],
          over: 'max',
        }),
      ],
      unit: 'short',
      legend: `${label('queue')} ${label('state')}`,
      width: 12,
    }),
    series({
      title: 'Queue wait, p95',
      description: 'From publish to the start of work, by queue',
      queries: [
        percentile({
          metric: 'tracepost.queue.wait.duration',
          by: { 'tracepost.queue': 'queue' },
          where: [OF_QUEUE],
          quantile: 0.95,
        }),
      ],
      unit: 's',
      legend: label('queue'),
      width: 12,
    }),

    row('Tools'),
    series({
      title: 'Tool executions',
      description: 'Per second, by tool and outcome',
      queries: [
        perSecond({
          metric: 'tracepost.tool.duration',
          field: 'count',
          by: { 'gen_ai.tool.name': 'tool', 'tracepost.outcome': 'outcome' },
          where: [OF_AGENT],
        }),
      ],
      unit: 'ops',
      legend: `${label('tool')} ${label('outcome')}`,
      links: [toTraces(AGENTS, { 'gen_ai.tool.name': label('tool') })],
      width: 12,
    }),
    series({
      title: 'Tool duration, p95',
      description: 'By agent and tool',
      queries: [
        percentile({
          metric: 'tracepost.tool.duration',
          by: { 'tracepost.agent.id': 'agent', 'gen_ai.tool.name': 'tool' },
          where: [OF_AGENT],
          quantile: 0.95,
        }),
      ],
      unit: 's',
      legend: `${label('agent')} ${label('tool')}`,
      links: [toTraces(AGENTS, { 'gen_ai.tool.name': label('tool') })],
      width: 12,
    }),

    row('Telemetry'),
    series({
      title: 'Collector queues',
      description: 'How full each is. A full one refuses what comes in, also for the destination that has room.',
      queries: [collectorFill()],
      unit: 'percentunit',
      max: 1,
      legend: `${label('exporter')} ${label('signal')}`,
      width: 12,
    }),
    table({
      title: 'Loss ledger',
      description: 'What each hop took, gave on, refused and lost in this window, in spans, points and lines',
      target: fluxTarget(lossLedger()),
      width: 12,
      overrides: [column('count', { unit: 'short', decimals: 0 })],
    }),
  ]),
);
