import { isEnded, type TaskRecord } from '@tracepost/contracts';
import type { ProblemSpec } from '../http/problem.ts';
import { recordsAway } from './asked.ts';
import { retryTaskId } from './retry-id.ts';
import type { TaskReader } from './task-reader.ts';

/** Where the repetitions of one task stand. */
export type RetryChain =
  /** The newest one has not ended. */
  | { readonly status: 'under_way'; readonly record: TaskRecord }
  /** There is none, or all have ended: the next one has this id. */
  | { readonly status: 'free'; readonly nextId: string }
  | { readonly status: 'refused'; readonly problem: ProblemSpec };

const MAX_RETRIES = 100;
const AWAY = 'The record store, which would know whether the task is being repeated already, does not answer.';

/** Follows the repetitions of a task from the first to the newest. */
export async function followRetries(tasks: TaskReader, taskId: string): Promise<RetryChain> {
  let previousId = taskId;
  for (let count = 0; count < MAX_RETRIES; count++) {
    const nextId = retryTaskId(taskId, previousId);
    const found = await tasks.find(nextId);
    if (found.status === 'unknown') return { status: 'free', nextId };
    if (found.status === 'unavailable') return { status: 'refused', problem: recordsAway(AWAY) };
    if (!isEnded(found.record.status)) return { status: 'under_way', record: found.record };
    previousId = nextId;
  }
  const detail = `It was repeated ${MAX_RETRIES} times; retry the newest repetition instead, which is ${previousId}.`;
  return { status: 'refused', problem: { code: 'RETRIED_TOO_OFTEN', detail } };
}
