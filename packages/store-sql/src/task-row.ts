import type { TaskRecord } from '@tracepost/contracts';
import { endingOfTask, searchTextOf, type TaskEnding } from '@tracepost/stores';
import { columnText } from './column-text.ts';
import { fromEndingText, toEndingText } from './rollups/ending-text.ts';
import type { TasksTable } from './schema.ts';

export function toTaskRow(record: TaskRecord, version: number): TasksTable {
  const ending = endingOfTask(record);
  return {
    task_id: columnText(record.taskId),
    version,
    agent_id: columnText(record.agentId),
    tenant_id: columnText(record.tenantId),
    notification_type: columnText(record.notificationType),
    status: record.status,
    source: columnText(record.source),
    session_id: columnText(record.sessionId),
    correlation_id: columnText(record.correlationId),
    trace_id: columnText(record.traceId),
    parent_task_id: columnText(record.parentTaskId),
    accepted_at_ms: epochMs(record.acceptedAt),
    started_at_ms: record.startedAt === null ? null : epochMs(record.startedAt),
    ended_at_ms: record.endedAt === null ? null : epochMs(record.endedAt),
    search_text: searchTextOf(record),
    counted: ending && toEndingText(ending),
    record: JSON.stringify(record),
  };
}

export function fromTaskRow({ record }: Pick<TasksTable, 'record'>): TaskRecord {
  return JSON.parse(record) as TaskRecord;
}

/** What the roll-ups count of it; null for one that has not ended, or was written before there were any. */
export function countedOf(row: Pick<TasksTable, 'agent_id' | 'tenant_id' | 'counted'>): TaskEnding | null {
  return row.counted === null ? null : fromEndingText(row.counted, { agentId: row.agent_id, tenantId: row.tenant_id });
}

/** A time of the right form may still name no day of the calendar; it counts as the beginning of time. */
export function epochMs(iso: string): number {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? 0 : ms;
}
