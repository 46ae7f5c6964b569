import type { AgentView, NotifyAccepted, NotifyRequest } from '@tracepost/contracts';
import { CLI_NAME, segment } from '../api-client.ts';
import type { Arguments } from '../arguments.ts';
import type { Command, CommandContext } from '../command.ts';
import { CommandFailure, EXIT, UsageError } from '../failures.ts';
import { styled } from '../output.ts';
import { readJson } from '../read-json.ts';
import { printTask } from '../views/task-view.ts';
import { exitCodeOf, WAIT_AT_MOST_MS, waitForTask } from '../wait-for-task.ts';

export const notify: Command = {
  name: 'notify',
  usage: '<agent> <json|@file|->',
  about: 'Send a notification; with --wait, wait for what becomes of it',
  options: {
    wait: { about: 'Wait until the task has ended; exit 1 unless it succeeded' },
    'wait-at-most': { value: 'time', about: 'Give up waiting after this long (1h); the task goes on' },
    type: { value: 'type', about: 'Notification type; the JSON is then its payload' },
    priority: { value: 'word', about: 'low, normal, high or urgent' },
    session: { value: 'id', about: 'Session that the task belongs to' },
    key: { value: 'key', about: 'Idempotency key: the same key and JSON again is the same task' },
    timeout: { value: 'time', about: 'Time of each attempt, such as 30s' },
  },
  async run(context, args) {
    const { api, output } = context;
    const [agentId, source, ...rest] = args.positionals;
    if (agentId === undefined || source === undefined || rest.length > 0) {
      throw new UsageError("notify takes an agent and one JSON, @file or -, such as: tracepost notify weather '{…}'");
    }
    const waitMs = args.timeSpan('wait-at-most');
    const body = withOptions(
      await toRequest(context, agentId, await readJson(source, context), args.text('type')),
      args,
    );
    const key = args.text('key');
    const accepted = await api.call<NotifyAccepted>(`/api/v1/agents/${segment(agentId)}/notify`, {
      method: 'POST',
      body,
      ...(key === undefined ? {} : { headers: { 'idempotency-key': key } }),
    });
    const { taskId, traceId } = accepted;
    if (!args.has('wait') && waitMs === undefined) {
      output.json(accepted);
      output.line(['accepted ', styled('bold', taskId)]);
      output.line(styled('dim', `  tracepost task ${taskId}`));
      output.line(styled('dim', `  tracepost trace ${traceId}`));
      return EXIT.done;
    }
    const task = await waitForTask(context, { taskId, atMostMs: waitMs ?? WAIT_AT_MOST_MS });
    output.json(task);
    printTask(output, task);
    return exitCodeOf(task);
  },
};

/** The JSON as a request: whole when it has the form of one, else as the payload of the type that is meant. */
async function toRequest(
  { api }: CommandContext,
  agentId: string,
  json: unknown,
  type: string | undefined,
): Promise<NotifyRequest> {
  if (type !== undefined) return { notificationType: type, source: CLI_NAME, payload: json };
  // A request: whatever is wrong with its other fields is for the gateway to say.
  if (isWholeRequest(json)) return { source: CLI_NAME, ...json };
  const agent = await api.call<AgentView>(`/api/v1/agents/${segment(agentId)}`);
  const types = agent.notificationTypes.map((one) => one.type);
  const [only] = types;
  if (only !== undefined && types.length === 1) return { notificationType: only, source: CLI_NAME, payload: json };
  if (only === undefined)
    throw new CommandFailure('no_type', `The agent ${agentId} has announced no notification type.`);
  throw new UsageError(`${agentId} takes ${types.join(', ')}: say which one with --type`);
}

function isWholeRequest(json: unknown): json is NotifyRequest {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return false;
  return 'notificationType' in json && 'payload' in json;
}

function withOptions(request: NotifyRequest, args: Arguments): NotifyRequest {
  const priority = args.oneOf('priority', ['low', 'normal', 'high', 'urgent']);
  const sessionId = args.text('session');
  const timeoutMs = args.timeSpan('timeout');
  return {
    ...request,
    ...(priority === undefined ? {} : { priority }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}
