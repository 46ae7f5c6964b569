import type { TaskRecord, TraceView } from '@tracepost/contracts';
import { segment } from '../api-client.ts';
import type { Command, CommandContext } from '../command.ts';
import { CommandFailure, EXIT, UsageError } from '../failures.ts';
import { printTrace } from '../views/trace-view.ts';

export const trace: Command = {
  name: 'trace',
  usage: '<trace id | task id>',
  about: 'Show a trace as a tree: spans, attempts, how long each waited and ran',
  options: {},
  async run(context, args) {
    const { api, output } = context;
    const [id, ...rest] = args.positionals;
    if (id === undefined || rest.length > 0) throw new UsageError('trace takes one trace id or one task id');
    const traceId = TRACE_ID.test(id) ? id : await traceOfTask(context, id);
    const [view, tasks] = await Promise.all([
      api.call<TraceView>(`/api/v1/traces/${segment(traceId)}`),
      api.call<{ items: TaskRecord[] }>('/api/v1/tasks', { query: { traceId, sort: 'oldest', limit: 100 } }),
    ]);
    output.json({ ...view, tasks: tasks.items });
    printTrace(output, view, tasks.items);
    return EXIT.done;
  },
};

const TRACE_ID = /^[0-9a-f]{32}$/;

async function traceOfTask({ api }: CommandContext, taskId: string): Promise<string> {
  const { traceId } = await api.call<TaskRecord>(`/api/v1/tasks/${segment(taskId)}`);
  if (traceId !== null) return traceId;
  throw new CommandFailure('no_trace', `The task ${taskId} has no trace.`);
}
