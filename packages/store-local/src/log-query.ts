import type { SqliteValue } from '@tracepost/sqlite';
import { type LogQuery, levelsFrom, MAX_LOGS, nanosFromDate } from '@tracepost/stores';
import { bytesOf } from './columns.ts';

/** One SELECT for any mix of conditions; each condition has one fixed text, so that few statements are prepared. */
export function selectLogs(query: LogQuery): { sql: string; params: SqliteValue[] } {
  const conditions = ['time_ns >= ?', 'time_ns < ?'];
  const params: SqliteValue[] = [nanosFromDate(query.from), nanosFromDate(query.to)];
  const and = (condition: string, ...values: SqliteValue[]) => {
    conditions.push(condition);
    params.push(...values);
  };
  if (query.traceId !== undefined) and('trace_id = ?', bytesOf(query.traceId));
  if (query.taskId !== undefined) and('task_id = ?', query.taskId);
  if (query.agentId !== undefined) and('agent_id = ?', query.agentId);
  if (query.service !== undefined) and('service = ?', query.service);
  if (query.level !== undefined) {
    const levels = levelsFrom(query.level);
    and(`level IN (${levels.map(() => '?').join(', ')})`, ...levels);
  }
  if (query.text !== undefined) and('message GLOB ?', `*${globOf(query.text)}*`);

  // A story is read from its beginning, a stream from its end.
  const order = query.traceId === undefined && query.taskId === undefined ? 'DESC' : 'ASC';
  params.push(Math.min(query.limit, MAX_LOGS));
  const sql = `SELECT logs.*, service FROM logs JOIN origins ON origins.id = origin
    WHERE ${conditions.join(' AND ')} ORDER BY time_ns ${order} LIMIT ?`;
  return { sql, params };
}

/**
 * A pattern that means the text itself in either case. LIKE knows the cases of ASCII only; a class of both forms for each
 * character works for every alphabet, and takes GLOB's own signs for what they are.
 */
function globOf(text: string): string {
  return Array.from(text, (character) => {
    const forms = new Set([character, character.toLowerCase(), character.toUpperCase()]);
    const single = [...forms].filter((form) => [...form].length === 1).join('');
    // Outside a class `^` is itself, inside it would turn the class around.
    return single === '^' ? '^' : `[${single}]`;
  }).join('');
}
