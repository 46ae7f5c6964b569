import { randomUUID } from 'node:crypto';
import type { TaskEvent, TaskRecord } from '@tracepost/contracts';
import { applyTaskEvent } from '@tracepost/stores';
import { sampleEvent, sampleTask } from '@tracepost/stores/contract';
import { expect } from 'vitest';
import type { SqlStores } from '../src/index.ts';

/** A row of `tasks` as the first version of the schema had it. */
export function earlierTaskRow(life: readonly TaskEvent[]): {
  columns: readonly string[];
  values: readonly (string | number | null)[];
} {
  const record = reduce(life);
  const row = {
    task_id: record.taskId,
    version: life.length,
    agent_id: record.agentId,
    tenant_id: record.tenantId,
    notification_type: record.notificationType,
    status: record.status,
    source: record.source,
    session_id: record.sessionId,
    correlation_id: record.correlationId,
    trace_id: record.traceId,
    parent_task_id: record.parentTaskId,
    accepted_at_ms: Date.parse(record.acceptedAt),
    ended_at_ms: record.endedAt === null ? null : Date.parse(record.endedAt),
    record: JSON.stringify(record),
  };
  return { columns: Object.keys(row), values: Object.values(row) };
}

/** What was there is still there, found by every question, and everything that came with the later steps works beside it. */
export async function expectEarlierTask(stores: SqlStores, life: readonly TaskEvent[]): Promise<void> {
  const record = reduce(life);
  const { agentId, taskId } = record;
  expect(await stores.getTask(taskId)).toEqual(record);
  expect((await stores.listTasks({ agentId, status: [record.status], text: taskId, limit: 9 })).items).toEqual([
    record,
  ]);

  const child = sampleTask({ agentId, parentTaskId: taskId });
  await stores.applyTaskEvents([...life, sampleEvent(child, 'accepted', 0)]);
  expect(await stores.getTask(taskId)).toEqual({ ...record, childTaskIds: [child.taskId] });
  expect(await stores.countByAgent(record.acceptedAt)).toMatchObject([{ agentId, acceptedSince: 2 }]);

  const event = sampleEvent(child, 'cancelled', 1);
  expect(await stores.inbox.cancel({ taskId: randomUUID(), event })).toEqual({ status: 'cancelled', event });
  expect(await stores.deadLetters.count()).toEqual(new Map());
  expect(await stores.audit.list({ limit: 1 })).toEqual({ items: [], nextCursor: null });
}

function reduce(life: readonly TaskEvent[]): TaskRecord {
  const record = life.reduce<TaskRecord | null>(applyTaskEvent, null);
  if (!record) throw new Error('No events');
  return record;
}
