import type { TaskRecord } from '@tracepost/contracts';
import { segment } from '../api-client.ts';
import type { Command } from '../command.ts';
import { EXIT, UsageError } from '../failures.ts';
import { printTask } from '../views/task-view.ts';
import { exitCodeOf, WAIT_AT_MOST_MS, waitForTask } from '../wait-for-task.ts';

export const task: Command = {
  name: 'task',
  usage: '<task id>',
  about: 'Show the record of a task',
  options: {
    wait: { about: 'Wait until it has ended; exit 1 unless it succeeded' },
    'wait-at-most': { value: 'time', about: 'Give up waiting after this long (1h)' },
  },
  async run(context, args) {
    const { api, output } = context;
    const [taskId, ...rest] = args.positionals;
    if (taskId === undefined || rest.length > 0) throw new UsageError('task takes one task id');
    const waitMs = args.timeSpan('wait-at-most');
    const isWaiting = args.has('wait') || waitMs !== undefined;
    const record = isWaiting
      ? await waitForTask(context, { taskId, atMostMs: waitMs ?? WAIT_AT_MOST_MS })
      : await api.call<TaskRecord>(`/api/v1/tasks/${segment(taskId)}`);
    output.json(record);
    printTask(output, record);
    return isWaiting ? exitCodeOf(record) : EXIT.done;
  },
};
