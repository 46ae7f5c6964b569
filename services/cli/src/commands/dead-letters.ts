import type { DeadLetterDetail, DeadLetterList, DeadLetterView, QueueList, RetryAccepted } from '@tracepost/contracts';
import { CLI_NAME, segment } from '../api-client.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { EXIT, type ExitCode, UsageError } from '../failures.ts';
import type { Output } from '../output.ts';
import { styled } from '../output.ts';
import { formatMoment } from '../time-span.ts';
import { printTable } from '../views/table.ts';

const ACTIONS = ['show', 'requeue', 'delete'] as const;
const DEFAULT_LIMIT = 50;

export const deadLetters: Command = {
  name: 'dead-letters',
  usage: '[queue] [show|requeue|delete <task id>]',
  about: 'List what was given up; open one, send it again as a new task, or delete it',
  options: {
    limit: { value: 'number', about: `At most so many of a queue (${DEFAULT_LIMIT})` },
  },
  async run(context, args) {
    const [queue, word, taskId, ...rest] = args.positionals;
    const action = ACTIONS.find((one) => one === word);
    const isRight = word === undefined || (action !== undefined && taskId !== undefined && rest.length === 0);
    if (!isRight || ACTIONS.some((one) => one === queue)) {
      throw new UsageError(
        'dead-letters takes nothing, a queue, or a queue and show, requeue or delete with a task id',
      );
    }
    if (queue === undefined) return listAll(context, args);
    const path = `/api/v1/queues/${segment(nameOf(queue))}/dead-letters`;
    if (action === undefined || taskId === undefined) return list(context, [path], args);
    return act(context, action, `${path}/${segment(taskId)}`, taskId);
  },
};

/** An agent's id is its queue's short name. */
function nameOf(queue: string): string {
  return queue.startsWith('agent.') ? queue : `agent.${queue}`;
}

async function listAll(context: CommandContext, args: Arguments): Promise<ExitCode> {
  const { items } = await context.api.call<QueueList>('/api/v1/queues');
  const paths = items
    .filter(({ deadLetters: count }) => count !== 0)
    .map(({ name }) => `/api/v1/queues/${segment(name)}/dead-letters`);
  return list(context, paths, args);
}

async function list({ api, output }: CommandContext, paths: readonly string[], args: Arguments): Promise<ExitCode> {
  const limit = args.integer('limit', { min: 1, max: 1_000 }) ?? DEFAULT_LIMIT;
  const items: DeadLetterView[] = [];
  let hasMore = false;
  for (const path of paths) {
    const page = await api.call<DeadLetterList>(path, { query: { limit } });
    items.push(...page.items);
    hasMore ||= page.nextCursor !== null;
  }
  output.json({ items, hasMore });
  printTable(output, items, [
    { title: 'given up', cell: ({ deadAt }) => formatMoment(deadAt) },
    { title: 'queue', cell: ({ queue }) => queue },
    { title: 'task', cell: ({ taskId }) => taskId },
    { title: 'type', cell: ({ notificationType }) => notificationType ?? '?' },
    { title: 'tries', align: 'right', cell: ({ attempts }) => String(attempts.length) },
    { title: 'reason', cell: ({ reason, error }) => styled('red', error ? `${reason}: ${error.message}` : reason) },
  ]);
  if (hasMore) output.line(styled('dim', 'There are more: --limit.'));
  return EXIT.done;
}

async function act(
  { api, output }: CommandContext,
  action: (typeof ACTIONS)[number],
  path: string,
  taskId: string,
): Promise<ExitCode> {
  if (action === 'show') {
    const letter = await api.call<DeadLetterDetail>(path);
    output.json(letter);
    printLetter(output, letter);
  } else if (action === 'requeue') {
    const accepted = await api.call<RetryAccepted>(`${path}/requeue`, { method: 'POST', body: { by: CLI_NAME } });
    output.json(accepted);
    output.line(['sent again as ', styled('bold', accepted.taskId), styled('dim', ` · repeats ${accepted.retryOf}`)]);
  } else {
    await api.call(path, { method: 'DELETE', query: { by: CLI_NAME } });
    output.json({ taskId, deleted: true });
    output.line(`deleted ${taskId}`);
  }
  return EXIT.done;
}

function printLetter(output: Output, letter: DeadLetterDetail): void {
  const { taskId, queue, deadAt, reason, error, attempts, traceId, headers, body, bytes } = letter;
  output.line(['task     ', styled('bold', taskId)]);
  output.line(`queue    ${queue} · given up ${formatMoment(deadAt)}`);
  output.line(['reason   ', styled('red', reason), error ? `: ${error.message}` : '']);
  if (traceId) output.line(`trace    ${traceId}`);
  for (const { number, startedAt, workerId, error: failure } of attempts) {
    const why = failure ? ` · ${failure.code}: ${failure.message}` : '';
    output.line(`attempt ${number} · ${formatMoment(startedAt)} · ${workerId}${why}`);
  }
  output.line('headers');
  for (const [name, value] of Object.entries(headers)) output.line(`  ${name}: ${shown(value)}`);
  output.line(`body (${bytes} bytes)`);
  output.block(body, '  ');
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
