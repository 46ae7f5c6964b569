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
  try {
    // Every field of every series is a table of its own: with the time alone they are one.
    const newest = flux`from(bucket: ${bucket}) |> range(start: -1s) |> keep(columns: ["_time"]) |> limit(n: 1)`;
    await query({ operation: 'ping', flux: newest, maxRows: 1 });
  } catch (error) {
    const written = await sendLines(connection, bucket, ['']);
    if (written.status !== 'stored')
      throw new StoreUnavailableError('influxdb', (error as Error).message, { cause: error });
  }
}
