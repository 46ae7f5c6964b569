import { flux } from '@influxdata/influxdb-client';
import { StoreUnavailableError } from '@tracepost/stores';
import type { Connection } from './connection.ts';
import type { RowQuery } from './query-rows.ts';
import { sendLines } from './send-lines.ts';

export interface PingOptions {
  readonly connection: Connection;
  readonly bucket: string;
  readonly query: (query: RowQuery) => Promise<unknown>;
}

/**
 * Resolves when the token may use the bucket: tokens are for reading or for writing, so either will do. Rejects with
 * `StoreUnavailableError`.
 */
export async function pingBucket({ connection, bucket, query }: PingOptions): Promise<void> {
  const written = await sendLines(connection, bucket, ['']);
  if (written.status === 'stored') return;
  try {
    await query({
      operation: 'ping',
      flux: flux`from(bucket: ${bucket}) |> range(start: -1s) |> limit(n: 1)`,
      maxRows: 1000,
    });
  } catch (error) {
    const reason = written.status === 'later' ? written.reason : (error as Error).message;
    throw new StoreUnavailableError('influxdb', reason, { cause: error });
  }
}
