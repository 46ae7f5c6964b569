import { createHash } from 'node:crypto';
import { LOG_LEVELS, type LogLevel, type LogSignal, type LogView } from '@tracepost/contracts';
import { ATTR } from '@tracepost/telemetry';
import { serviceOf } from './label.ts';
import { isoFromNanos } from './nanoseconds.ts';

/** Lines of one answer, whatever limit was asked for. */
export const MAX_LOGS = 10_000;

/** What a LogStore keeps of a log record and answers with. The three ids have fields of their own. */
export function toLogView(log: LogSignal): LogView {
  const {
    [ATTR.taskId]: taskId,
    [ATTR.agentId]: agentId,
    [ATTR.correlationId]: correlationId,
    ...attributes
  } = log.attributes;
  return {
    at: isoFromNanos(log.timeUnixNano),
    level: levelOf(log),
    service: serviceOf(log.origin),
    message: messageOf(log.body),
    traceId: log.traceId,
    spanId: log.spanId,
    taskId: idOf(taskId),
    agentId: idOf(agentId),
    correlationId: idOf(correlationId),
    attributes,
  };
}

/**
 * The same for the same line, whenever it comes again. Together with its time it is the key under which a line is
 * kept: the clocks of most loggers tick in milliseconds, so the time alone would let lines overwrite each other.
 */
export function logFingerprint({ level, service, message, traceId, spanId, taskId, attributes }: LogView): Buffer {
  const content = JSON.stringify([level, service, message, traceId, spanId, taskId, attributes]);
  return createHash('sha1').update(content).digest();
}

/** The level itself and those above it. */
export function levelsFrom(level: LogLevel): readonly LogLevel[] {
  return LOG_LEVELS.slice(LOG_LEVELS.indexOf(level));
}

/** Severity 0 is "not said"; then the text decides, and a line without either is information. */
function levelOf({ severityNumber, severityText }: LogSignal): LogLevel {
  if (severityNumber >= 17) return 'error';
  if (severityNumber >= 13) return 'warn';
  if (severityNumber >= 9) return 'info';
  if (severityNumber >= 1) return 'debug';
  if (/^(error|fatal|critical|alert|emergency)/i.test(severityText)) return 'error';
  if (/^warn/i.test(severityText)) return 'warn';
  return /^(debug|trace|verbose)/i.test(severityText) ? 'debug' : 'info';
}

/**
 * Without zero bytes, since SQLite's text functions stop at the first one; every line end is `\n`, since InfluxDB's answers
 * (CSV) do not tell them apart.
 */
function messageOf(body: LogSignal['body']): string {
  if (typeof body === 'string') return body.replaceAll('\0', '\uFFFD').replace(/\r\n?/g, '\n');
  return body === null ? '' : JSON.stringify(body);
}

function idOf(value: LogSignal['body'] | undefined): string | null {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
