import { type Dashboard, layOut } from './dashboard.ts';
import { DEAD_LETTERS } from './dead-letters.ts';
import { gauge, has, matches, percentile, percentiles, perSecond, total } from './flux.ts';
import { frame } from './frame.ts';
import { toTrace, toTraces } from './links.ts';
import { attributeVariable, column, fluxTarget, row, series, sqlTarget, table } from './panels.ts';
import { label, variable } from './variables.ts';

const GATEWAY = 'tracepost-gateway';
const AGENTS = 'tracepost-agents';
const where = [matches('tracepost.queue', 'queue')];
const ofMessages = {
  by: { 'messaging.destination.name': 'queue' },
  where: [matches('messaging.destination.name', 'queue')],
};
const depth = (state: string) => [
  gauge({
    metric: 'tracepost.queue.depth',
    by: { 'tracepost.queue': 'queue' },
    where: [...where, has('tracepost.queue.state', `^${state}$`)],
    over: 'max',
  }),
];
const published = [toTraces(GATEWAY, { 'messaging.destination.name': label('queue') })];
const processed = [toTraces(AGENTS, { 'messaging.destination.name': label('queue') })];

/** What waits, for how long, how fast it goes, and what was given up. */
export const queues: Dashboard = frame(
  {
    uid: 'tracepost-queues',
    title: 'Queues',
    description: 'Depth, waits and rates of every queue, what is put aside for a retry, and dead letters',
  },
  [attributeVariable('queue', 'Queue', 'tracepost.queue')],
  layOut([
    row('What waits'),
    series({
      title: 'Waiting',
      description: 'Messages that are ready to be delivered',
      queries: depth('ready'),
      unit: 'short',
      legend: label('queue'),
      width: 6,
    }),
    series({
      title: 'Under way',
      description: 'Delivered to a worker and not acknowledged yet',
      queries: depth('unacknowledged'),
      unit: 'short',
      legend: label('queue'),
      width: 6,
    }),
    series({
      title: 'Put aside for a retry',
      description: 'Messages in the delay queues',
      queries: depth('delayed'),
      unit: 'short',
      legend: label('queue'),
      width: 6,
    }),
    series({
      title: 'Dead letters',
      description: 'Given up, and kept until somebody re-queues or deletes them',
      queries: depth('dead'),
      unit: 'short',
      legend: label('queue'),
      width: 6,
    }),
    series({
      title: 'Wait',
      description: 'From publish to the start of work: p50 and p95',
      queries: percentiles(
        { metric: 'tracepost.queue.wait.duration', by: { 'tracepost.queue': 'queue' }, where },
        [0.5, 0.95],
      ),
      unit: 's',
      legend: `${label('queue')} ${label('percentile')}`,
      links: processed,
      width: 12,
    }),
    series({
      title: 'Confirm of the broker, p95',
      description: 'How long a publisher waits until the broker has its message safe',
      queries: [percentile({ ...ofMessages, metric: 'messaging.client.operation.duration', quantile: 0.95 })],
      unit: 's',
      legend: label('queue'),
      links: published,
      width: 12,
    }),

    row('How fast'),
    series({
      title: 'Published',
      description: 'Messages per second handed to the broker',
      queries: [perSecond({ ...ofMessages, metric: 'messaging.client.published.messages', field: 'counter' })],
      unit: 'ops',
      legend: label('queue'),
      links: published,
    }),
    series({
      title: 'Consumed',
      description: 'Messages per second delivered to workers, redeliveries among them',
      queries: [perSecond({ ...ofMessages, metric: 'messaging.client.consumed.messages', field: 'counter' })],
      unit: 'ops',
      legend: label('queue'),
      links: processed,
    }),
    series({
      title: 'Work on a message, p95',
      description: 'From delivery to acknowledgement',
      queries: [percentile({ ...ofMessages, metric: 'messaging.process.duration', quantile: 0.95 })],
      unit: 's',
      legend: label('queue'),
      links: processed,
    }),

    row('What went wrong'),
    table({
      title: 'Retries in this window',
      description: 'Attempts that failed and are followed by another, by agent and reason',
      target: fluxTarget(
        total({
          metric: 'tracepost.task.retries',
          field: 'counter',
          by: { 'tracepost.agent.id': 'agent', 'tracepost.reason': 'reason' },
          as: 'attempts',
        }),
      ),
      width: 8,
      overrides: [column('attempts', { decimals: 0 })],
    }),
    table({
      title: 'Dead letters, newest first',
      description:
        'From the records; the trace id opens the trace. They can be re-queued from the API and the command line.',
      target: sqlTarget(DEAD_LETTERS),
      width: 16,
      overrides: [
        column('died', { 'custom.width': 180 }),
        column('trace', { links: [toTrace(variable('__value.text'))], 'custom.width': 300 }),
      ],
    }),
  ]),
);
