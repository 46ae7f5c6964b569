import { type Dashboard, layOut } from './dashboard.ts';
import { gauge, matches, percentile, perSecond, total } from './flux.ts';
import { frame } from './frame.ts';
import { attributeVariable, column, fluxTarget, row, series, table } from './panels.ts';
import { collectorFill, lossLedger } from './pipeline.ts';
import { label } from './variables.ts';

const where = [matches('service.name', 'service')];
const byService = { 'service.name': 'service' };
const bySignal = { ...byService, 'tracepost.signal': 'signal' };

/** Can the other dashboards be believed: what telemetry was made, stored, refused and lost, and how the processes are. */
export const pipelineHealth: Dashboard = frame(
  {
    uid: 'tracepost-pipeline-health',
    title: 'Pipeline health',
    description: 'The way of telemetry itself, hop by hop, and the health of every process',
  },
  [attributeVariable('service', 'Service', 'service.name')],
  layOut([
    row('Dependencies'),
    series({
      title: 'Dependencies that answer',
      description:
        '1 while a dependency answers the service that needs it, 0 while it does not; the lowest of all instances counts',
      queries: [
        gauge({
          metric: 'tracepost.dependency.up',
          by: { ...byService, 'tracepost.dependency': 'dependency' },
          where,
          over: 'min',
        }),
      ],
      unit: 'short',
      max: 1,
      legend: `${label('service')} → ${label('dependency')}`,
      width: 12,
    }),
    series({
      title: 'Statements, p95',
      description: 'How long databases take, by system and operation',
      queries: [
        percentile({
          metric: 'db.client.operation.duration',
          by: { 'db.system.name': 'system', 'db.operation.name': 'operation' },
          where,
          quantile: 0.95,
        }),
      ],
      unit: 's',
      legend: `${label('system')} ${label('operation')}`,
      width: 12,
    }),

    row('The way of telemetry'),
    series({
      title: 'Made',
      description: 'Spans, points and lines per second, by the service that made them',
      queries: [perSecond({ metric: 'tracepost.telemetry.produced', field: 'counter', by: bySignal, where })],
      unit: 'cps',
      legend: `${label('service')} ${label('signal')}`,
    }),
    series({
      title: 'Stored',
      description: 'What the ingest has stored, per second',
      queries: [
        perSecond({ metric: 'tracepost.ingest.stored', field: 'counter', by: { 'tracepost.signal': 'signal' } }),
      ],
      unit: 'cps',
      legend: label('signal'),
    }),
    series({
      title: 'Fill of the queues of the collector',
      description: 'A full one refuses what comes in, also for the destination that has room',
      queries: [collectorFill()],
      unit: 'percentunit',
      max: 1,
      legend: `${label('exporter')} ${label('signal')}`,
    }),
    table({
      title: 'Every hop in this window',
      description: 'What each took, gave on, refused and lost, in spans, points and lines',
      target: fluxTarget(lossLedger()),
      width: 16,
      overrides: [column('count', { unit: 'short', decimals: 0 })],
    }),
    table({
      title: 'Made in this window',
      description: 'By service and signal; what became of it stands beside',
      target: fluxTarget(
        total({
          metric: 'tracepost.telemetry.produced',
          field: 'counter',
          by: bySignal,
          where,
          as: 'made',
        }),
      ),
      width: 8,
      overrides: [column('made', { unit: 'short', decimals: 0 })],
    }),

    row('Processes'),
    series({
      title: 'Event loop delay, p99',
      description: 'How late the loop of a process turns; the worst instance',
      queries: [gauge({ metric: 'nodejs.eventloop.delay.p99', by: byService, where, over: 'max' })],
      unit: 's',
      legend: label('service'),
      width: 12,
    }),
    series({
      title: 'Open connections',
      description:
        'To the gateway and to the two doors of telemetry, added up over the instances, also those without a request under way',
      queries: [
        gauge({
          metric: 'tracepost.connections.open',
          by: { ...byService, 'tracepost.door': 'door' },
          where,
          over: 'sum',
        }),
      ],
      unit: 'short',
      legend: `${label('service')} ${label('door')}`,
      width: 12,
    }),
    series({
      title: 'Memory',
      description: 'Resident, of the largest instance',
      queries: [gauge({ metric: 'process.memory.usage', by: byService, where, over: 'max' })],
      unit: 'bytes',
      legend: label('service'),
      width: 12,
    }),
    series({
      title: 'Processor',
      description: 'Share of one core, of the busiest instance',
      queries: [gauge({ metric: 'process.cpu.utilization', by: byService, where, over: 'max' })],
      unit: 'percentunit',
      legend: label('service'),
      width: 12,
    }),
  ]),
);
