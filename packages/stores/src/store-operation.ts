import { hash } from 'node:crypto';
import type { Logger, Telemetry } from '@tracepost/telemetry';

export interface StoreOperation {
  /** `db.system.name`: `sqlite`, `influxdb`, `jaeger`, … */
  readonly system: string;
  /** `db.operation.name`: `write_logs`, `get_trace`, …; a bounded set of words. */
  readonly operation: string;
  /** Told of an operation that took over 200 ms. A store that logs its statements itself leaves it out. */
  readonly logger?: Logger;
}

const SLOW_MS = 200;
/** Each operation is told of once a minute at most: where log lines are stored, each line is one more write. */
const TOLD_EVERY_MS = 60_000;

/**
 * Runs one operation on a store and records how long it took in `db.client.operation.duration`. A metric only: a span
 * for each batch of spans that is stored would feed itself.
 */
export async function measureStore<T>(
  { metrics }: Pick<Telemetry, 'metrics'>,
  { system, operation, logger }: StoreOperation,
  work: () => Promise<T>,
): Promise<T> {
  const begin = performance.now();
  const record = (attributes: Parameters<typeof metrics.record<'db.client.operation.duration'>>[2]): void => {
    const durationMs = performance.now() - begin;
    metrics.record('db.client.operation.duration', durationMs / 1000, attributes);
    if (logger && durationMs > SLOW_MS) tellSlow(logger, `${system} ${operation}`, durationMs);
  };
  const attributes = { 'db.system.name': system, 'db.operation.name': operation };
  try {
    const result = await work();
    record(attributes);
    return result;
  } catch (error) {
    record({ ...attributes, 'error.type': errorType(error) });
    throw error;
  }
}

/** When each operation was last told of, by logger. */
const told = new WeakMap<Logger, Map<string, number>>();

/** By the name of the operation alone: what was asked for never leaves the process. */
function tellSlow(logger: Logger, statement: string, durationMs: number): void {
  const times = told.get(logger) ?? new Map<string, number>();
  told.set(logger, times);
  const now = performance.now();
  if (now - (times.get(statement) ?? Number.NEGATIVE_INFINITY) < TOLD_EVERY_MS) return;
  times.set(statement, now);
  logger.warn(
    {
      layer: 'store',
      action: `service:${statement.replace(' ', ':')}`,
      durationMs: Math.round(durationMs),
      fingerprint: hash('sha256', statement, 'hex').slice(0, 12),
      statement,
    },
    'A statement was slow',
  );
}

function errorType(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : 'unknown';
}
