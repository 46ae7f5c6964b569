import { TRACE_STATUSES, type TraceSummary } from '@tracepost/contracts';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../failures.ts';
import { styled } from '../output.ts';
import { readMoment } from '../task-filters.ts';
import { formatMoment, formatMs } from '../time-span.ts';
import { printTable } from '../views/table.ts';

const DEFAULT_LIMIT = 20;
const LARGEST_PAGE = 200;

export const traces: Command = {
  name: 'traces',
  usage: '',
  about: 'Find traces by what their spans say, the newest first',
  options: {
    service: { value: 'name', about: 'With a span of this service' },
    name: { value: 'name', about: 'With a span of this name' },
    agent: { value: 'id', about: 'Of this agent' },
    task: { value: 'id', about: 'Of this task' },
    status: { value: 'word', about: `One of ${TRACE_STATUSES.join(', ')}; error: one of its spans failed` },
    longer: { value: 'time', about: 'That took this long or longer, such as 1500ms or 2s' },
    attribute: { value: 'name:value', about: 'With a span that says so; may be given several times', several: true },
    from: { value: 'time', about: 'Begun then or later: ISO 8601, or how long ago, such as 2h' },
    to: { value: 'time', about: 'Begun before' },
    limit: { value: 'number', about: `At most so many (${DEFAULT_LIMIT})` },
    cursor: { value: 'text', about: 'Go on where a list ended (nextCursor of --json)' },
  },
  async run({ api, output }, args) {
    if (args.positionals.length > 0) throw new UsageError('traces takes options only; one trace: tracepost trace <id>');
    const now = Date.now();
    const query = {
      service: args.text('service'),
      name: args.text('name'),
      agentId: args.text('agent'),
      taskId: args.text('task'),
      status: args.oneOf('status', TRACE_STATUSES),
      minDurationMs: args.timeSpan('longer'),
      attribute: args.texts('attribute'),
      from: readMoment(args, 'from', now),
      to: readMoment(args, 'to', now),
    };
    const limit = args.integer('limit', { min: 1, max: 10_000 }) ?? DEFAULT_LIMIT;
    const items: TraceSummary[] = [];
    let nextCursor: string | null = args.text('cursor') ?? null;
    do {
      const page: { items: TraceSummary[]; nextCursor: string | null } = await api.call('/api/v1/traces', {
        query: { ...query, limit: Math.min(LARGEST_PAGE, limit - items.length), cursor: nextCursor ?? undefined },
      });
      items.push(...page.items);
      nextCursor = page.nextCursor;
      output.progress(`${items.length} traces`);
    } while (nextCursor !== null && items.length < limit);
    output.clear();

    output.json({ items, nextCursor });
    printTable(output, items, [
      { title: 'began', cell: ({ startedAt }) => formatMoment(startedAt) },
      { title: 'trace', cell: ({ traceId }) => traceId },
      { title: 'took', align: 'right', cell: ({ durationMs }) => formatMs(durationMs) },
      { title: 'spans', align: 'right', cell: countOf },
      { title: 'failed', align: 'right', cell: ({ errorCount }) => (errorCount ? styled('red', `${errorCount}`) : '') },
      { title: 'service', cell: ({ rootService }) => rootService.slice(0, 40) },
      { title: 'begins with', cell: ({ rootName }) => rootName.slice(0, 80) },
    ]);
    if (nextCursor !== null) output.line(styled('dim', 'There are more: --limit, or narrow it down.'));
    return EXIT.done;
  },
};

function countOf({ spanCount, accuracy }: TraceSummary): string {
  return accuracy === 'exact' ? String(spanCount) : `~${spanCount}`;
}
