import { context, type Logger as OtelLogger, SeverityNumber, type SpanContext, trace } from '@opentelemetry/api';
import type { LogLevel } from '@tracepost/contracts';
import { pino } from 'pino';
import { isoTime } from './iso-time.ts';
import type { LOG_LAYERS, LOG_PHASES, LOG_RESULTS } from './log-fields.ts';
import { ATTR } from './names.ts';
import { redactField } from './redaction.ts';
import { describeThrown } from './thrown.ts';

export type LogLayer = (typeof LOG_LAYERS)[number];

/** The standard fields of a log line. Ids of trace and span are added from the active span. */
export interface LogFields {
  readonly layer?: LogLayer;
  readonly phase?: (typeof LOG_PHASES)[number];
  readonly result?: (typeof LOG_RESULTS)[number];
  readonly hopName?: string;
  readonly hopResult?: string;
  /** `service:<name>:<operation>` for a call to an outside service, with `durationMs`. */
  readonly action?: string;
  readonly durationMs?: number;
  readonly taskId?: string;
  readonly agentId?: string;
  readonly correlationId?: string;
  readonly error?: unknown;
  readonly [field: string]: unknown;
}

/** One JSON line on the terminal, and the same as an OpenTelemetry log record. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export interface LoggerOptions {
  readonly service: string;
  /** Lines below it are not made at all. `silent` keeps the terminal quiet; the OpenTelemetry records still go out. */
  readonly terminalLevel: LogLevel | 'silent';
  readonly otel: OtelLogger;
  /** Where lines go; standard output when none is given. */
  readonly write?: (line: string) => void;
}

const SEVERITY: Readonly<Record<LogLevel, SeverityNumber>> = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};

export function createLogger({ service, terminalLevel, otel, write }: LoggerOptions): Logger {
  const options = {
    level: terminalLevel,
    base: { service },
    messageKey: 'message',
    timestamp: () => `,"time":"${isoTime(Date.now())}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const terminal = write ? pino(options, { write }) : pino(options);

  const log = (level: LogLevel, fields: LogFields, message: string): void => {
    const active = context.active();
    const severityNumber = SEVERITY[level];
    const isShown = terminal.isLevelEnabled(level);
    const isSent = otel.enabled({ context: active, severityNumber });
    if (!isShown && !isSent) return;
    const { line, attributes } = flatten(fields, trace.getSpanContext(active));
    if (isShown) terminal[level](line, message);
    if (isSent) otel.emit({ severityNumber, severityText: level, body: message, attributes, context: active });
  };

  return {
    debug: (fields, message) => log('debug', fields, message),
    info: (fields, message) => log('info', fields, message),
    warn: (fields, message) => log('warn', fields, message),
    error: (fields, message) => log('error', fields, message),
  };
}

type Flat = Record<string, string | number | boolean>;

/** The same fields twice, named for the terminal and for OpenTelemetry; in one pass, since there is a line for each request. */
function flatten(fields: LogFields, span: SpanContext | undefined): { line: Flat; attributes: Flat } {
  const line: Flat = span ? { traceId: span.traceId, spanId: span.spanId } : {};
  const attributes: Flat = {};
  const put = (key: string, value: string | number | boolean): void => {
    const open = redactField(key, value);
    line[key] = open;
    attributes[OTEL_NAMES[key] ?? key] = open;
  };
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (key !== 'error' && value !== undefined && value !== null) put(key, plainValue(value));
  }
  if (fields.error !== undefined)
    for (const [key, value] of Object.entries(describeError(fields.error))) put(key, value);
  return { line, attributes };
}

/** A line must not fail the work that writes it: what cannot be written as JSON is named by its kind. */
function plainValue(value: unknown): string | number | boolean {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value !== 'object') return String(value);
  try {
    return JSON.stringify(value) ?? 'undefined';
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function describeError(error: unknown): Flat {
  const { message, stack } = describeThrown(error);
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return {
    'error.message': message,
    ...(typeof code === 'string' || typeof code === 'number' ? { 'error.code': String(code) } : {}),
    ...(stack === undefined ? {} : { 'error.stack': stack }),
  };
}

const OTEL_NAMES: Readonly<Record<string, string>> = {
  agentId: ATTR.agentId,
  correlationId: ATTR.correlationId,
  taskId: ATTR.taskId,
};
