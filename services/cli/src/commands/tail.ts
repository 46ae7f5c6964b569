import { isEnded, type TaskEvent, type TaskStatus } from '@tracepost/contracts';
import { segment } from '../api-client.ts';
import type { Command } from '../command.ts';
import { followEvents, type StreamEvent } from '../event-stream.ts';
import { EXIT, InterruptedError, UsageError } from '../failures.ts';
import { styled } from '../output.ts';
import { eventLine } from '../views/event-line.ts';

export const tail: Command = {
  name: 'tail',
  usage: '[task id]',
  about: 'Follow what happens, of all tasks or of one; goes on by itself after a broken connection',
  options: {
    agent: { value: 'id', about: 'Of this agent only' },
  },
  async run({ api, output, signal }, args) {
    const [taskId, ...rest] = args.positionals;
    if (rest.length > 0) throw new UsageError('tail takes at most one task id');
    const agentId = args.text('agent');
    if (taskId !== undefined && agentId !== undefined)
      throw new UsageError('tail takes a task id or --agent, not both');
    const onEvent = ({ name, data }: StreamEvent): boolean => {
      if (name === 'gap') {
        output.json({ kind: 'gap', ...(data as object) });
        output.line(styled('yellow', `… some events were missed (${reasonOf(data)})`));
        return false;
      }
      if (!isTaskEvent(data)) return false;
      output.json(data);
      output.line(eventLine(data));
      // The words of a task's endings are those of its statuses.
      return taskId !== undefined && isEnded(data.kind as TaskStatus);
    };
    try {
      await followEvents({
        api,
        path: pathOf(taskId, agentId),
        signal,
        onEvent,
        onConnection: (state) => output.progress(state === 'lost' ? 'connection lost, trying again …' : 'following …'),
      });
    } catch (error) {
      // Ctrl-C is how this one ends.
      if (!(error instanceof InterruptedError)) throw error;
    }
    output.clear();
    return EXIT.done;
  },
};

function pathOf(taskId: string | undefined, agentId: string | undefined): string {
  if (taskId !== undefined) return `/api/v1/tasks/${segment(taskId)}/events`;
  return agentId === undefined ? '/api/v1/live' : `/api/v1/live?agentId=${encodeURIComponent(agentId)}`;
}

function isTaskEvent(data: unknown): data is TaskEvent {
  if (typeof data !== 'object' || data === null) return false;
  const { kind, task, at } = data as Partial<TaskEvent>;
  return typeof kind === 'string' && typeof at === 'string' && typeof task?.taskId === 'string';
}

function reasonOf(data: unknown): string {
  return String((data as { reason?: unknown } | null)?.reason ?? 'unknown');
}
