import { type Dashboard, layOut } from './dashboard.ts';
import { average, gauge, has, matches, percentile, percentiles, perSecond, shareOf, total } from './flux.ts';
import { frame } from './frame.ts';
import { LATEST_TASKS } from './latest-tasks.ts';
import { toTrace, toTraces } from './links.ts';
import { attributeVariable, column, fluxTarget, row, series, sqlTarget, table } from './panels.ts';
import { label, variable } from './variables.ts';

const AGENTS = 'tracepost-agents';
const where = [matches('tracepost.agent.id', 'agent')];
const by = { 'tracepost.agent.id': 'agent' };
const links = [toTraces(AGENTS, { 'tracepost.agent.id': label('agent') })];
const ofTool = { by: { ...by, 'gen_ai.tool.name': 'tool' }, where, metric: 'tracepost.tool.duration' };
const tracesOfTool = [toTraces(AGENTS, { 'gen_ai.tool.name': label('tool') })];

/** Which agent is going wrong: how its tasks end, how long they take and wait, what they cost, what its tools do. */
export const agents: Dashboard = frame(
  {
    uid: 'tracepost-agents',
    title: 'Agents',
    description: 'For each agent: tasks and how they end, durations, waits, attempts, cost, tools, room for more',
  },
  [attributeVariable('agent', 'Agent', 'tracepost.agent.id')],
  layOut([
    row('Tasks'),
    series({
      title: 'Tasks ended by status',
      description: 'Per second, by agent and how they ended',
      queries: [
        perSecond({
          metric: 'tracepost.task.executions',
          field: 'counter',
          by: { ...by, 'tracepost.task.status': 'status' },
          where,
        }),
      ],
      unit: 'ops',
      legend: `${label('agent')} ${label('status')}`,
      links,
      drawAs: 'stacked-bars',
    }),
    series({
      title: 'Success',
      description: 'Share of the ended tasks that succeeded; cancelled ones are in neither part',
      queries: [
        shareOf({
          metric: 'tracepost.task.executions',
          field: 'counter',
          by,
          where: [...where, `not (${has('tracepost.task.status', '^cancelled$')})`],
          isCounted: has('tracepost.task.status', '^succeeded$'),
        }),
      ],
      unit: 'percentunit',
      max: 1,
      legend: label('agent'),
      links,
    }),
    series({
      title: 'Task duration',
      description: 'From accepted to ended: p50, p95 and p99, from the buckets of the histogram',
      queries: percentiles({ metric: 'tracepost.task.duration', by, where }, [0.5, 0.95, 0.99]),
      unit: 's',
      legend: `${label('agent')} ${label('percentile')}`,
      links,
    }),
    series({
      title: 'Wait in the queue, p95',
      description: 'From publish to the start of work',
      queries: [percentile({ metric: 'tracepost.queue.wait.duration', by, where, quantile: 0.95 })],
      unit: 's',
      legend: label('agent'),
      links,
    }),
    series({
      title: 'Run time, p95',
      description: 'Of one attempt, by outcome',
      queries: [
        percentile({
          metric: 'tracepost.agent.processing.duration',
          by: { ...by, 'tracepost.outcome': 'outcome' },
          where,
          quantile: 0.95,
        }),
      ],
      unit: 's',
      legend: `${label('agent')} ${label('outcome')}`,
      links,
    }),
    series({
      title: 'Attempts per task',
      description: 'On average, of the tasks that ended; 1 where nothing had to be tried again',
      queries: [average({ metric: 'tracepost.task.attempts', by, where })],
      unit: 'short',
      legend: label('agent'),
      links,
    }),
    table({
      title: 'Tasks of these agents',
      description: 'The newest, from the records; the trace id opens the trace',
      target: sqlTarget(LATEST_TASKS),
      overrides: [
        column('duration', { unit: 's' }),
        column('accepted', { 'custom.width': 180 }),
        column('trace', { links: [toTrace(variable('__value.text'))], 'custom.width': 300 }),
      ],
    }),

    row('Cost and room'),
    series({
      title: 'Cost per attempt',
      description: 'On average, US dollars, as far as prices are known',
      queries: [average({ metric: 'tracepost.task.cost', by, where })],
      unit: 'currencyUSD',
      legend: label('agent'),
      links,
    }),
    table({
      title: 'Cost in this window',
      description: 'US dollars, by agent',
      target: fluxTarget(total({ metric: 'tracepost.task.cost', field: 'sum', by, where, as: 'cost' })),
      width: 8,
      overrides: [column('cost', { unit: 'currencyUSD', decimals: 6 })],
    }),
    series({
      title: 'Capacity in use',
      description: 'Of the busiest worker of each agent; at 100 % messages wait',
      queries: [gauge({ metric: 'tracepost.agent.capacity.utilization', by, where, over: 'max' })],
      unit: 'percentunit',
      max: 1,
      legend: label('agent'),
      links,
    }),

    row('Tools'),
    series({
      title: 'Tool calls',
      description: 'Per second, by agent and tool',
      queries: [perSecond({ ...ofTool, field: 'count' })],
      unit: 'ops',
      legend: `${label('agent')} ${label('tool')}`,
      links: tracesOfTool,
    }),
    series({
      title: 'Failed tool calls',
      description: 'Share of the calls that failed, by agent and tool',
      queries: [shareOf({ ...ofTool, field: 'count', isCounted: has('tracepost.outcome', '^error$') })],
      unit: 'percentunit',
      max: 1,
      legend: `${label('agent')} ${label('tool')}`,
      links: tracesOfTool,
    }),
    series({
      title: 'Tool call duration, p95',
      description: 'By agent and tool',
      queries: [percentile({ ...ofTool, quantile: 0.95 })],
      unit: 's',
      legend: `${label('agent')} ${label('tool')}`,
      links: tracesOfTool,
    }),
  ]),
);
