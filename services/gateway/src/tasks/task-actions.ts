import { type Broker, createControlPublisher } from '@tracepost/messaging';
import type { AuditStore, RecordStore } from '@tracepost/stores';
import { type AuditTrail, createAuditTrail } from './audit-trail.ts';
import { type BulkActions, createBulkActions } from './bulk-actions.ts';
import { createTaskCanceller, type TaskCanceller, type TaskCancellerOptions } from './cancel-task.ts';
import { createTaskRetrier, type TaskRetrier, type TaskRetrierOptions } from './retry-task.ts';

/** Everything that can be done with a task by hand, written into one audit trail. */
export interface TaskActions {
  readonly trail: AuditTrail;
  readonly canceller: TaskCanceller;
  readonly retrier: TaskRetrier;
  readonly bulk: BulkActions;
}

export type TaskActionsOptions = Omit<TaskCancellerOptions, 'control' | 'trail'> &
  Omit<TaskRetrierOptions, 'trail'> & {
    readonly broker: Broker;
    readonly records: Pick<RecordStore, 'listTasks'>;
    readonly audit: Pick<AuditStore, 'add'>;
  };

export function createTaskActions(options: TaskActionsOptions): TaskActions {
  const { broker, records } = options;
  const trail = createAuditTrail(options);
  const canceller = createTaskCanceller({ ...options, trail, control: createControlPublisher({ broker }) });
  const retrier = createTaskRetrier({ ...options, trail });
  return { trail, canceller, retrier, bulk: createBulkActions({ records, canceller, retrier }) };
}
