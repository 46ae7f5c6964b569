import { type AgentMetrics, METRIC_WINDOWS } from '@tracepost/contracts';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../failures.ts';
import { type Piece, styled } from '../output.ts';
import { readMoment } from '../task-filters.ts';
import { formatMoment, formatMs } from '../time-span.ts';
import { printTable } from '../views/table.ts';

export const metrics: Command = {
  name: 'metrics',
  usage: '<agent>',
  about: 'Show how the tasks of an agent went that ended within a window',
  options: {
    window: { value: METRIC_WINDOWS.join('|'), about: 'Up to now (24h)' },
    from: { value: 'time', about: 'Instead: from this moment on (ISO 8601, or how long ago, such as 2h)' },
    to: { value: 'time', about: 'And before this one (now)' },
  },
  async run({ api, output }, args) {
    const [agentId, ...more] = args.positionals;
    if (agentId === undefined || more.length > 0) throw new UsageError('metrics takes one agent');
    const now = Date.now();
    const answer = await api.call<AgentMetrics>(`/api/v1/agents/${encodeURIComponent(agentId)}/metrics`, {
      query: {
        window: args.oneOf('window', METRIC_WINDOWS),
        from: readMoment(args, 'from', now),
        to: readMoment(args, 'to', now),
      },
    });
    output.json(answer);

    const { timeRange, performance, costs } = answer;
    const range = `${formatMoment(timeRange.start)} to ${formatMoment(timeRange.end)}`;
    output.line(styled('dim', `${answer.agentId}, tasks that ended from ${range}`));
    const rows: readonly (readonly [string, Piece])[] = [
      ['tasks', String(answer.totalTasks)],
      ['successful', `${answer.successfulTasks}${share(answer.successRate)}`],
      ['failed', answer.failedTasks > 0 ? styled('red', String(answer.failedTasks)) : '0'],
      ['average', time(performance.averageResponseTimeMs)],
      ['p50', time(performance.p50ResponseTimeMs)],
      ['p95', time(performance.p95ResponseTimeMs)],
      ['p99', time(performance.p99ResponseTimeMs)],
      ['cost', `${costs.totalCostUsd} USD${unpriced(costs.unpricedTasks)}`],
      ['cost per task', costs.averageCostPerTaskUsd === null ? '-' : `${costs.averageCostPerTaskUsd} USD`],
    ];
    printTable(output, rows, [
      { title: 'what', cell: ([name]) => name },
      { title: 'value', cell: ([, value]) => value },
    ]);
    return EXIT.done;
  },
};

function share(rate: number | null): string {
  return rate === null ? '' : ` (${Math.round(rate * 10_000) / 100} %)`;
}

function time(ms: number | null): string {
  return ms === null ? '-' : formatMs(ms);
}

function unpriced(tasks: number): string {
  return tasks === 0 ? '' : ` and the cost of ${tasks} without a known price`;
}
