import type { Telemetry } from '@tracepost/telemetry';

export interface StoreOperation {
  /** `db.system.name`: `sqlite`, `influxdb`, `jaeger`, … */
  readonly system: string;
  /** `db.operation.name`: `write_logs`, `get_trace`, …; a bounded set of words. */
  readonly operation: string;
}

/**
 * Runs one operation on a store and records how long it took in `db.client.operation.duration`. A metric only: a span
 * for each batch of spans that is stored would feed itself.
 */
export async function measureStore<T>(
  { metrics }: Pick<Telemetry, 'metrics'>,
  { system, operation }: StoreOperation,
  work: () => Promise<T>,
): Promise<T> {
  const begin = performance.now();
  const attributes = { 'db.system.name': system, 'db.operation.name': operation };
  try {
    const result = await work();
    metrics.record('db.client.operation.duration', (performance.now() - begin) / 1000, attributes);
    return result;
  } catch (error) {
    metrics.record('db.client.operation.duration', (performance.now() - begin) / 1000, {
      ...attributes,
      'error.type': errorType(error),
    });
    throw error;
  }
}

function errorType(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'string') return code;
  return error instanceof Error ? error.name : 'unknown';
}
