import type { TaskRecord } from '@tracepost/contracts';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../failures.ts';
import { styled } from '../output.ts';
import { filterOptions, readFilters } from '../task-filters.ts';
import { formatMoment, formatMs } from '../time-span.ts';
import { statusPiece } from '../views/status-piece.ts';
import { printTable } from '../views/table.ts';

const DEFAULT_LIMIT = 20;
const LARGEST_PAGE = 500;

export const tasks: Command = {
  name: 'tasks',
  usage: '',
  about: 'List tasks, the newest first',
  options: {
    ...filterOptions,
    sort: { value: 'word', about: 'newest or oldest first' },
    limit: { value: 'number', about: `At most so many (${DEFAULT_LIMIT})` },
    cursor: { value: 'text', about: 'Go on where a list ended (nextCursor of --json)' },
  },
  async run({ api, output }, args) {
    if (args.positionals.length > 0) throw new UsageError('tasks takes options only; one task: tracepost task <id>');
    const { status, ...filters } = readFilters(args);
    const sort = args.oneOf('sort', ['newest', 'oldest']);
    const limit = args.integer('limit', { min: 1, max: 100_000 }) ?? DEFAULT_LIMIT;
    const items: TaskRecord[] = [];
    let nextCursor: string | null = args.text('cursor') ?? null;
    do {
      const page: { items: TaskRecord[]; nextCursor: string | null } = await api.call('/api/v1/tasks', {
        query: {
          ...filters,
          status: status?.join(','),
          sort,
          limit: Math.min(LARGEST_PAGE, limit - items.length),
          cursor: nextCursor ?? undefined,
        },
      });
      items.push(...page.items);
      nextCursor = page.nextCursor;
      output.progress(`${items.length} tasks`);
    } while (nextCursor !== null && items.length < limit);
    output.clear();

    output.json({ items, nextCursor });
    printTable(output, items, [
      { title: 'accepted', cell: (task) => formatMoment(task.acceptedAt) },
      { title: 'task', cell: (task) => task.taskId },
      { title: 'agent', cell: (task) => task.agentId },
      { title: 'type', cell: (task) => task.notificationType },
      { title: 'status', cell: (task) => statusPiece(task.status) },
      { title: 'took', align: 'right', cell: (task) => (task.durationMs === null ? '' : formatMs(task.durationMs)) },
      { title: 'tries', align: 'right', cell: (task) => String(task.attempts.length) },
      { title: 'error', cell: (task) => (task.error ? `${task.error.code}: ${task.error.message.slice(0, 80)}` : '') },
    ]);
    if (nextCursor !== null) output.line(styled('dim', 'There are more: --limit, or narrow it down.'));
    return EXIT.done;
  },
};
