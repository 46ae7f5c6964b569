import { flux, fluxDateTime, fluxExpression, type ParameterizedQuery } from '@influxdata/influxdb-client';
import { type LogQuery, levelsFrom } from '@tracepost/stores';
import type { TimeWindow } from './time-windows.ts';

/**
 * The instants of the lines that answer, at most `limit`: one condition on one field, which InfluxDB applies while it reads.
 * To put rows together first and filter then would take a thousand times as long.
 */
export function timesFlux(bucket: string, query: LogQuery, limit: number): ParameterizedQuery {
  const isStory = isAStory(query);
  return flux`from(bucket: ${bucket})
  |> range(start: ${fluxDateTime(query.from.toISOString())}, stop: ${fluxDateTime(query.to.toISOString())})
  |> filter(fn: (r) => ${tagConditions(query)})
  |> filter(fn: (r) => ${fieldCondition(query)})
  |> ${fluxExpression(isStory ? 'limit' : 'tail')}(n: ${limit})
  |> keep(columns: ["_time"])
  |> group()
  |> sort(columns: ["_time"], desc: ${!isStory})
  |> limit(n: ${limit})`;
}

/** The lines themselves, put together from their fields, read from as little time as possible. */
export function linesFlux(bucket: string, query: LogQuery, windows: readonly TimeWindow[]): ParameterizedQuery {
  const parts = windows.map(
    ({ from, to }) => flux`from(bucket: ${bucket})
    |> range(start: ${fluxDateTime(from)}, stop: ${fluxDateTime(to)})
    |> filter(fn: (r) => ${tagConditions(query)})
    |> drop(columns: ["_start", "_stop", "_measurement"])`,
  );
  const source = parts.length === 1 ? parts[0] : flux`union(tables: ${parts})`;
  return flux`${source}
  |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
  |> group()
  |> filter(fn: (r) => ${lineConditions(query)})
  |> sort(columns: ["_time"], desc: ${!isAStory(query)})
  |> limit(n: ${query.limit})`;
}

/** A trace or a task is read from its beginning, a stream of lines from its end. */
export function isAStory({ traceId, taskId }: LogQuery): boolean {
  return traceId !== undefined || taskId !== undefined;
}

function tagConditions({ service, level, traceId }: LogQuery): ParameterizedQuery {
  const conditions = [flux`r._measurement == "logs"`];
  if (traceId !== undefined) conditions.push(flux`r.tp == ${traceId.slice(0, 1)}`);
  if (service !== undefined) conditions.push(flux`r["service.name"] == ${service}`);
  if (level !== undefined && level !== 'debug') {
    const levels = levelsFrom(level).map((word) => flux`r.severity == ${word}`);
    conditions.push(fluxExpression(`(${levels.join(' or ')})`));
  }
  return fluxExpression(conditions.join(' and '));
}

function fieldCondition({ traceId, taskId, text, agentId }: LogQuery): ParameterizedQuery {
  if (traceId !== undefined) return flux`r._field == "trace_id" and r._value == ${traceId}`;
  if (taskId !== undefined) return flux`r._field == "task_id" and r._value == ${taskId}`;
  if (text !== undefined) return flux`r._field == "body" and r._value =~ ${patternOf(text)}`;
  if (agentId !== undefined) return flux`r._field == "agent_id" and r._value == ${agentId}`;
  return flux`r._field == "body"`;
}

function lineConditions({ traceId, taskId, agentId, text }: LogQuery): ParameterizedQuery {
  const conditions = [flux`exists r.body`];
  if (traceId !== undefined) conditions.push(flux`r.trace_id == ${traceId}`);
  if (taskId !== undefined) conditions.push(flux`r.task_id == ${taskId}`);
  if (agentId !== undefined) conditions.push(flux`r.agent_id == ${agentId}`);
  if (text !== undefined) conditions.push(flux`r.body =~ ${patternOf(text)}`);
  return fluxExpression(conditions.join(' and '));
}

/** A pattern that means the text itself in either case. A line end inside the literal would end it. */
function patternOf(text: string): ParameterizedQuery {
  const pattern = text
    .replace(/[\\.+*?()|[\]{}^$/]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replace(/\p{Cc}/gu, '[[:cntrl:]]');
  return fluxExpression(`/(?i)${pattern}/`);
}
