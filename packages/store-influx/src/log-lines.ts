import { Point, type Row } from '@influxdata/influxdb-client';
import type { LogLevel, LogSignal, LogView } from '@tracepost/contracts';
import { logFingerprint, toLogView } from '@tracepost/stores';

/**
 * A log line as a row: measurement `logs`; tags `service.name`, `severity` and `tp`, the first digit of the trace id, by
 * which a trace is found in a sixteenth of the rows (two digits would make every count five times slower); the rest
 * are fields, since each value of a tag is a series.
 */
export function toLine(log: LogSignal): string {
  const view = toLogView(log);
  const point = new Point('logs')
    .timestamp(String(timeOf(log.timeUnixNano, logFingerprint(view))))
    .tag('service.name', view.service)
    .tag('severity', view.level)
    .stringField('body', view.message || EMPTY);
  if (view.traceId !== null) point.tag('tp', view.traceId.slice(0, 1)).stringField('trace_id', view.traceId);
  if (view.spanId !== null) point.stringField('span_id', view.spanId);
  if (view.taskId !== null) point.stringField('task_id', view.taskId);
  if (view.agentId !== null) point.stringField('agent_id', view.agentId);
  if (view.correlationId !== null) point.stringField('correlation_id', view.correlationId);
  if (Object.keys(view.attributes).length > 0) point.stringField('attributes', JSON.stringify(view.attributes));
  return point.toLineProtocol() ?? '';
}

/**
 * Stands for an empty message: Flux's `sort` loses an empty text at the end of a column, and the texts of the other rows move to
 * lines that they do not belong to (seen with InfluxDB 2.7.12). A zero-width space is not seen by whoever reads the bucket directly.
 */
const EMPTY = '\u200B';

export function toView({ values, tableMeta }: Row): LogView {
  // A row without a field has an empty cell, or no column when no row of the answer has it.
  const cell = (label: string) => {
    const { index } = tableMeta.column(label, false);
    return index < 0 ? '' : (values[index] ?? '');
  };
  return {
    at: new Date(cell('_time')).toISOString(),
    level: cell('severity') as LogLevel,
    service: cell('service.name'),
    // InfluxDB writes the line ends inside a cell as it writes those between its rows.
    message: cell('body') === EMPTY ? '' : cell('body').replaceAll('\r\n', '\n'),
    traceId: cell('trace_id') || null,
    spanId: cell('span_id') || null,
    taskId: cell('task_id') || null,
    agentId: cell('agent_id') || null,
    correlationId: cell('correlation_id') || null,
    attributes: JSON.parse(cell('attributes') || '{}') as LogView['attributes'],
  };
}

const MS = 1_000_000n;

/**
 * Rows of one series and one instant overwrite each other, and most loggers' clocks tick in milliseconds: the content's
 * hash moves a line within its millisecond (within its microsecond when the clock was finer), the same line always to the
 * same place. Of a hundred lines in one millisecond of one series, one is lost in 200 cases.
 */
function timeOf(timeUnixNano: bigint, fingerprint: Buffer): bigint {
  const inMs = timeUnixNano % MS;
  const room = inMs === 0n ? MS : 1_000n;
  const offset = BigInt(fingerprint.readUInt32BE(0)) % room;
  return timeUnixNano - inMs + ((inMs + offset) % MS);
}
