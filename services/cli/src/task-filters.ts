import { TASK_STATUSES, type TaskStatus } from '@tracepost/contracts';
import type { Arguments, OptionSpecs } from './arguments.ts';
import { UsageError } from './failures.ts';
import { parseMoment } from './time-span.ts';

/** Which tasks are meant: the same words for a list and for what is done to many. */
export const filterOptions = {
  agent: { value: 'id', about: 'Of this agent' },
  status: { value: 'words', about: `One or more of ${TASK_STATUSES.join(', ')}, with commas` },
  type: { value: 'type', about: 'Of this notification type' },
  source: { value: 'name', about: 'From this source' },
  session: { value: 'id', about: 'Of this session' },
  correlation: { value: 'id', about: 'With this correlation id' },
  text: { value: 'text', about: 'With this anywhere in error, result or ids' },
  from: { value: 'time', about: 'Accepted then or later: ISO 8601, or how long ago, such as 2h' },
  to: { value: 'time', about: 'Accepted before' },
} as const satisfies OptionSpecs;

export interface TaskFilters {
  readonly agentId?: string;
  readonly status?: readonly TaskStatus[];
  readonly notificationType?: string;
  readonly source?: string;
  readonly sessionId?: string;
  readonly correlationId?: string;
  readonly text?: string;
  readonly from?: string;
  readonly to?: string;
}

export function readFilters(args: Arguments, now: number = Date.now()): TaskFilters {
  const filters: Record<keyof TaskFilters, string | readonly TaskStatus[] | undefined> = {
    agentId: args.text('agent'),
    status: readStatuses(args.text('status')),
    notificationType: args.text('type'),
    source: args.text('source'),
    sessionId: args.text('session'),
    correlationId: args.text('correlation'),
    text: args.text('text'),
    from: readMoment(args, 'from', now),
    to: readMoment(args, 'to', now),
  };
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
}

function readStatuses(text: string | undefined): readonly TaskStatus[] | undefined {
  return text?.split(',').map((word) => {
    const status = TASK_STATUSES.find((one) => one === word.trim());
    if (status !== undefined) return status;
    throw new UsageError(`--status is "${text}"; it has to be one or more of ${TASK_STATUSES.join(', ')}, with commas`);
  });
}

/** In ISO 8601. Throws `UsageError` for what names no moment. */
export function readMoment(args: Arguments, name: 'from' | 'to', now: number): string | undefined {
  const text = args.text(name);
  if (text === undefined) return undefined;
  const moment = parseMoment(text, now);
  if (moment !== null) return moment;
  throw new UsageError(
    `--${name} is "${text}"; it has to be a time such as 2026-11-21T09:00:00Z, or how long ago, such as 2h`,
  );
}
