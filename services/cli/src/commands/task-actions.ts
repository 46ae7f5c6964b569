import {
  type BulkAnswer,
  type BulkRequest,
  type CancelAnswer,
  MAX_BULK_TASKS,
  type RetryAccepted,
} from '@tracepost/contracts';
import { CLI_NAME, segment } from '../api-client.ts';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, type ExitCode, UsageError } from '../failures.ts';
import { styled } from '../output.ts';
import { filterOptions, readFilters } from '../task-filters.ts';
import { statusPiece } from '../views/status-piece.ts';
import { printTable } from '../views/table.ts';

export const cancel = createTaskAction({
  name: 'cancel',
  about: 'Cancel tasks: one that waits will not begin, one that runs is told to stop',
  async one({ api, output }, path) {
    const answer = await api.call<CancelAnswer>(`${path}/cancel`, { method: 'POST', body: BY });
    output.json(answer);
    output.line([`${answer.taskId} `, CANCELLED[answer.outcome] ?? answer.outcome, ' · ', statusPiece(answer.status)]);
  },
});

export const retry = createTaskAction({
  name: 'retry',
  about: 'Run ended tasks again, each as a new task that names the old one',
  async one({ api, output }, path) {
    const accepted = await api.call<RetryAccepted>(`${path}/retry`, { method: 'POST', body: BY });
    output.json(accepted);
    output.line(['again as ', styled('bold', accepted.taskId), styled('dim', ` · repeats ${accepted.retryOf}`)]);
    output.line(styled('dim', `  tracepost task ${accepted.taskId}`));
  },
});

const BY = { by: CLI_NAME };

const CANCELLED: Readonly<Record<string, string>> = {
  cancelled: 'is cancelled',
  requested: 'runs, and is told to stop',
  already_ended: 'had ended already',
};

interface TaskAction {
  readonly name: BulkRequest['action'];
  readonly about: string;
  readonly one: (context: CommandContext, path: string) => Promise<void>;
}

/** Done to one task by its own route, to several or to all that a filter names in bulk. */
function createTaskAction({ name, about, one }: TaskAction): Command {
  return {
    name,
    usage: '<task id> …',
    about,
    options: filterOptions,
    async run(context, args) {
      const taskIds = args.positionals;
      const filter = readFilters(args);
      const hasFilter = Object.keys(filter).length > 0;
      if (taskIds.length > 0 === hasFilter) {
        throw new UsageError(`${name} takes task ids, or options that say which tasks: not both, not neither`);
      }
      if (taskIds.length > MAX_BULK_TASKS) {
        throw new UsageError(`${name} takes at most ${MAX_BULK_TASKS} task ids at a time`);
      }
      const [only] = taskIds;
      if (only !== undefined && taskIds.length === 1) {
        await one(context, `/api/v1/tasks/${segment(only)}`);
        return EXIT.done;
      }
      return many(context, { action: name, ...BY, ...(hasFilter ? { filter } : { taskIds: [...taskIds] }) });
    },
  };
}

const BULK_TIMEOUT_MS = 120_000;

/** Exit 1 when one was refused or not reached: what was asked for is not done. */
async function many({ api, output }: CommandContext, body: object): Promise<ExitCode> {
  const answer = await api.call<BulkAnswer>('/api/v1/tasks/bulk', { method: 'POST', body, timeoutMs: BULK_TIMEOUT_MS });
  output.json(answer);
  printTable(output, answer.items, [
    { title: 'task', cell: ({ taskId }) => taskId },
    { title: 'outcome', cell: ({ outcome }) => String(outcome) },
    { title: '', cell: ({ newTaskId, code, detail }) => newTaskId ?? [code, detail].filter(Boolean).join(': ') },
  ]);
  const counts = Object.entries(answer.counts).map(([outcome, count]) => `${count} ${outcome}`);
  if (counts.length > 0) output.line(counts.join(' · '));
  if (answer.hasMore) output.line(styled('yellow', 'More tasks fit than are taken at a time: run it again.'));
  const { refused = 0, not_reached: missed = 0 } = answer.counts;
  return refused + missed > 0 ? EXIT.failed : EXIT.done;
}
