import { HttpError, type ParameterizedQuery, type Row } from '@influxdata/influxdb-client';
import { measureStore, QueryTooLargeError, StoreUnavailableError } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import type { Connection } from './connection.ts';

export interface RowQuery {
  /** `query_logs`, `read_points`, … */
  readonly operation: string;
  readonly flux: ParameterizedQuery;
  /** Asked of InfluxDB by the query itself as well; one row more is an error and not a short answer. */
  readonly maxRows: number;
}

/** Runs Flux. Rejects with `StoreUnavailableError` whatever goes wrong, before the first row or after it. */
export function createRowReader(connection: Connection, telemetry: Telemetry): (query: RowQuery) => Promise<Row[]> {
  const stream = createRowStream(connection, telemetry);
  return async (query) => {
    const rows: Row[] = [];
    await stream(query, (row) => rows.push(row));
    return rows;
  };
}

/** Gives each row as it comes and keeps none. `take` may end the reading by throwing `QueryTooLargeError`, which is passed on. */
type RowStream = (query: RowQuery, take: (row: Row) => void) => Promise<void>;

function createRowStream(connection: Connection, telemetry: Telemetry): RowStream {
  return ({ operation, flux, maxRows }, take) =>
    measureStore(telemetry, { system: 'influxdb', operation, logger: telemetry.logger }, async () => {
      try {
        await connection.use(async (client) => {
          let count = 0;
          for await (const row of client.getQueryApi(connection.org).iterateRows(flux)) {
            throwLateError(row);
            if (++count > maxRows) throw new Error(`the answer has more than ${maxRows} rows`);
            take(row);
          }
        });
      } catch (error) {
        throw passOn(error);
      }
    });
}

/** A query that fails after its first rows has answered 200 already: it ends with one more table, of this shape. */
function throwLateError({ values, tableMeta }: Row): void {
  const labels = tableMeta.columns.map(({ label }) => label);
  if (!labels.includes('error') || labels.includes('table')) return;
  throw new Error(tableMeta.get(values, 'error'));
}

/** What whoever takes the rows threw to end the reading, or that InfluxDB cannot be asked. */
export function passOn(error: unknown): QueryTooLargeError | StoreUnavailableError {
  return error instanceof QueryTooLargeError ? error : unavailable(error);
}

function unavailable(error: unknown): StoreUnavailableError {
  const status = error instanceof HttpError ? `answer ${error.statusCode}: ` : '';
  const { name = 'Error', message = '', code = '' } = error as { name?: string; message?: string; code?: string };
  const text = (message || code || name).slice(0, 500);
  return new StoreUnavailableError('influxdb', `InfluxDB cannot be asked: ${status}${text}`, { cause: error });
}
