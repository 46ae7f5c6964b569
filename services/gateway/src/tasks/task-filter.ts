import type { TaskRecord, TaskSummary } from '@tracepost/contracts';
import { searchText, searchTextOf, type TaskQuery } from '@tracepost/stores';

/** What a list asks for, without its page. */
export type TaskFilter = Omit<TaskQuery, 'limit' | 'cursor'>;

const SUMMARY_FIELDS = [
  'agentId',
  'notificationType',
  'source',
  'sessionId',
  'correlationId',
  'traceId',
  'parentTaskId',
] as const;

/** The conditions that a task's first event can already answer; a cheap no before its record is looked at. */
export function mayMatch(task: TaskSummary, filter: TaskFilter): boolean {
  // A later event may tell an earlier time of acceptance, never a later one.
  if (filter.from !== undefined && task.acceptedAt < filter.from) return false;
  return SUMMARY_FIELDS.every((field) => {
    const asked = filter[field];
    // A field that the first event did not have may come with a later one.
    return asked === undefined || task[field] === null || task[field] === asked;
  });
}

/** The same conditions as the record store's, for a record that this gateway holds. */
export function matchesFilter(record: TaskRecord, filter: TaskFilter): boolean {
  if (filter.status && !filter.status.includes(record.status)) return false;
  if (filter.from !== undefined && record.acceptedAt < filter.from) return false;
  if (filter.to !== undefined && record.acceptedAt >= filter.to) return false;
  if (!SUMMARY_FIELDS.every((field) => filter[field] === undefined || record[field] === filter[field])) return false;
  return filter.text === undefined || searchTextOf(record).includes(searchText(filter.text));
}

/** Where a task stands in a list. */
export interface TaskPlace {
  readonly acceptedAt: string;
  readonly taskId: string;
}

/** By `acceptedAt`, then by id; both as their texts, which is their order in time and in the store. */
export function comparePlaces(sort: TaskFilter['sort']): (a: TaskPlace, b: TaskPlace) => number {
  const sign = sort === 'oldest' ? 1 : -1;
  return (a, b) => sign * (compare(a.acceptedAt, b.acceptedAt) || compare(a.taskId, b.taskId));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
