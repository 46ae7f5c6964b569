import type { LogLevel, LogSignal, LogView } from '@tracepost/contracts';
import type { SqliteRow, SqliteValue } from '@tracepost/sqlite';
import {
  isoFromNanos,
  isStorableTime,
  type LogStore,
  logFingerprint,
  storableRange,
  toLogView,
} from '@tracepost/stores';
import { hexOrNull, jsonOf, nanosOf, textOf, textOrNull } from './columns.ts';
import type { Database } from './database.ts';
import { firstBytes } from './hash-id.ts';
import { selectLogs } from './log-query.ts';
import { collectOrigins } from './origins.ts';

const INSERT = `INSERT OR IGNORE INTO logs (time_ns, fingerprint, level, origin, trace_id, span_id, task_id, agent_id,
  correlation_id, message, attributes) VALUES (?, ?, ?, ?, unhex(?), unhex(?), ?, ?, ?, ?, ?)`;

export function createLocalLogs(database: Database): LogStore {
  return {
    writeLogs(logs) {
      const origins = collectOrigins();
      const good = logs.filter(({ timeUnixNano }) => isStorableTime(timeUnixNano));
      const bad = logs.length - good.length;
      const batch = good.map((log) => {
        const view = toLogView(log);
        return toRow(log, view, origins.keyOf(log.origin));
      });
      return database.write({
        signal: 'logs',
        statements: [origins.statement(), { sql: INSERT, batch }],
        count: good.length,
        refused: bad === 0 ? [] : [{ signal: 'logs', reason: 'invalid_time', count: bad }],
      });
    },
    async queryLogs(query) {
      const range = storableRange(query);
      if (range === null) return [];
      const { sql, params } = selectLogs({ ...query, ...range });
      return (await database.read('query_logs', sql, params)).map(toView);
    },
    ping: () => database.ping(),
    close: () => database.close(),
  };
}

function toRow({ timeUnixNano }: LogSignal, view: LogView, origin: bigint): SqliteValue[] {
  const { traceId, spanId } = view;
  return [
    timeUnixNano,
    firstBytes(logFingerprint(view)),
    view.level,
    origin,
    traceId,
    spanId,
    view.taskId,
    view.agentId,
    view.correlationId,
    view.message,
    JSON.stringify(view.attributes),
  ];
}

function toView(row: SqliteRow): LogView {
  return {
    at: isoFromNanos(nanosOf(row, 'time_ns')),
    level: textOf(row, 'level') as LogLevel,
    service: textOf(row, 'service'),
    message: textOf(row, 'message'),
    traceId: hexOrNull(row, 'trace_id'),
    spanId: hexOrNull(row, 'span_id'),
    taskId: textOrNull(row, 'task_id'),
    agentId: textOrNull(row, 'agent_id'),
    correlationId: textOrNull(row, 'correlation_id'),
    attributes: jsonOf(row, 'attributes'),
  };
}
