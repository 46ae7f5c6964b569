import {
  type BulkAnswer,
  type BulkOutcome,
  type BulkRequest,
  MAX_BULK_TASKS,
  type TaskStatus,
} from '@tracepost/contracts';
import type { RecordStore } from '@tracepost/stores';
import { withDeadline } from '../deadline.ts';
import { LIMITS } from '../http/limits.ts';
import { type Asked, type Asker, done, recordsAway, refused } from './asked.ts';
import type { TaskCanceller } from './cancel-task.ts';
import type { TaskRetrier } from './retry-task.ts';

export interface BulkActions {
  /** One outcome for each task; whatever becomes of one, the others go on. Refused when it cannot be said which tasks they are. */
  run(request: BulkRequest, asker: Asker): Promise<Asked<BulkAnswer>>;
}

export interface BulkOptions {
  readonly records: Pick<RecordStore, 'listTasks'>;
  readonly canceller: TaskCanceller;
  readonly retrier: TaskRetrier;
  /** Past it nothing more is begun. */
  readonly deadlineMs?: number;
}

/** At a time: enough to use the batches of the stores, few enough to leave others their turn. */
const CONCURRENCY = 20;
/** Shorter than clients wait. */
const DEADLINE_MS = 25_000;

/** What a filter means when it names no status. What has succeeded is repeated only when it is named. */
const DEFAULT_STATUSES: Readonly<Record<BulkRequest['action'], readonly TaskStatus[]>> = {
  cancel: ['accepted', 'running', 'retrying'],
  retry: ['failed', 'timed_out', 'dead'],
};

export function createBulkActions({ records, canceller, retrier, deadlineMs = DEADLINE_MS }: BulkOptions): BulkActions {
  const one = async (action: BulkRequest['action'], taskId: string, asker: Asker): Promise<BulkOutcome> => {
    if (action === 'cancel') {
      const asked = await canceller.cancel(taskId, asker);
      return asked.status === 'done' ? outcomeOf(taskId, asked.answer.outcome) : refusalOf(taskId, asked);
    }
    const asked = await retrier.retry(taskId, asker);
    return asked.status === 'done'
      ? { ...outcomeOf(taskId, 'retried'), newTaskId: asked.answer.taskId }
      : refusalOf(taskId, asked);
  };

  const choose = async ({ action, taskIds, filter }: BulkRequest): Promise<Chosen> => {
    if (taskIds) return { taskIds: [...new Set(taskIds)], hasMore: false };
    const query = { status: DEFAULT_STATUSES[action], ...filter, sort: 'oldest', limit: MAX_BULK_TASKS } as const;
    const page = await withDeadline(records.listTasks(query), LIMITS.storeTimeoutMs, 'The record store');
    return { taskIds: page.items.map(({ taskId }) => taskId), hasMore: page.nextCursor !== null };
  };

  return {
    async run(request, asker) {
      const { action } = request;
      let chosen: Chosen;
      try {
        chosen = await choose(request);
      } catch {
        return refused(recordsAway('The record store does not answer, so which tasks they are is not known.'));
      }
      const begun = performance.now();
      const items: BulkOutcome[] = chosen.taskIds.map((taskId) => outcomeOf(taskId, 'not_reached'));
      const waiting = chosen.taskIds.entries();
      const work = async (): Promise<void> => {
        for (const [index, taskId] of waiting) {
          if (performance.now() - begun > deadlineMs) return;
          items[index] = await one(action, taskId, asker);
        }
      };
      await Promise.all(Array.from({ length: CONCURRENCY }, work));
      return done({ action, counts: countOf(items), items, hasMore: chosen.hasMore });
    },
  };
}

interface Chosen {
  readonly taskIds: readonly string[];
  readonly hasMore: boolean;
}

function outcomeOf(taskId: string, outcome: BulkOutcome['outcome']): BulkOutcome {
  return { taskId, outcome, newTaskId: null, code: null, detail: null };
}

function refusalOf(taskId: string, { problem }: Extract<Asked<unknown>, { status: 'refused' }>): BulkOutcome {
  return { ...outcomeOf(taskId, 'refused'), code: problem.code, detail: problem.detail };
}

function countOf(items: readonly BulkOutcome[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { outcome } of items) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
