import { logs, type Meter, metrics, type Tracer, trace } from '@opentelemetry/api';
import type { LogLevel } from '@tracepost/contracts';
import { createIdentifiedTracer } from './identified-tracer.ts';
import { createLogger, type Logger } from './logger.ts';
import { createMetrics, type Metrics } from './metrics.ts';

/**
 * What one service observes itself with; handed to everything that it builds. The instrumentation scope is named
 * after the service, so that several services in one process can be told apart when their signals are exported.
 */
export interface Telemetry {
  readonly serviceName: string;
  readonly tracer: Tracer;
  readonly meter: Meter;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export interface TelemetryOptions {
  readonly serviceName: string;
  /** What the terminal shows; OpenTelemetry gets every line from `debug` on. */
  readonly terminalLevel?: LogLevel | 'silent';
  readonly write?: (line: string) => void;
}

export const VERSION = '0.1.0';

/** Works with or without an SDK: without one, spans and metrics cost next to nothing and go nowhere. */
export function createTelemetry({ serviceName, terminalLevel = 'silent', write }: TelemetryOptions): Telemetry {
  const meter = metrics.getMeter(serviceName, VERSION);
  return {
    serviceName,
    tracer: createIdentifiedTracer(trace.getTracer(serviceName, VERSION)),
    meter,
    metrics: createMetrics(meter),
    logger: createLogger({
      service: serviceName,
      terminalLevel,
      otel: logs.getLogger(serviceName, VERSION),
      ...(write ? { write } : {}),
    }),
  };
}
