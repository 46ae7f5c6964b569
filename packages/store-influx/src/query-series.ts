import { measureStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import type { Connection } from './connection.ts';
import { passOn } from './query-rows.ts';

export interface SeriesQuery {
  /** `read_metric`, `read_hours`, … */
  readonly operation: string;
  readonly bucket: string;
  /** InfluxQL: one `SELECT … GROUP BY *`. */
  readonly select: string;
}

export type Cell = string | number | boolean | null;

/** Rows of one series, in the order of time. Long series come in several parts. */
export interface SeriesPart {
  /** Tags that it has. */
  readonly tags: Readonly<Record<string, string>>;
  /** Of how many it was asked: those that any series of the metric has. */
  readonly tagsAsked: number;
  /** Of each row; the first is `time`, RFC 3339. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/**
 * Gives each part as it comes and keeps none. InfluxQL puts the fields of a point together while it reads, where Flux gives each of
 * them as a row of its own with all the tags: twenty times the rows, and three times the work for InfluxDB itself. Rejects with
 * `StoreUnavailableError`, or with the `QueryTooLargeError` by which `take` ends the reading.
 */
export type SeriesStream = (query: SeriesQuery, take: (part: SeriesPart) => void) => Promise<void>;

/** Rows in one part of the answer: a document to be parsed at a stretch. */
const ROWS_OF_PART = 2_000;
const OPTIONS = {
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
} as const;

export function createSeriesStream(connection: Connection, telemetry: Telemetry): SeriesStream {
  return ({ operation, bucket, select }, take) =>
    measureStore(telemetry, { system: 'influxdb', operation, logger: telemetry.logger }, async () => {
      try {
        await connection.use(async (client) => {
          const asked = { ...databaseOf(bucket), q: select, chunked: 'true', chunk_size: String(ROWS_OF_PART) };
          const body = new URLSearchParams(asked).toString();
          // The organisation is that of the token.
          const answer = client.transport.iterate('/query', body, OPTIONS);
          for await (const line of linesOf(answer)) for (const part of partsOf(line)) take(part);
        });
      } catch (error) {
        throw passOn(error);
      }
    });
}

/** A bucket is asked under its name; one called `a/b` under two. https://docs.influxdata.com/influxdb/v2/api-guide/influxdb-1x/dbrp/ */
function databaseOf(bucket: string): { readonly db: string; readonly rp?: string } {
  const slash = bucket.indexOf('/');
  return slash === -1 ? { db: bucket } : { db: bucket.slice(0, slash), rp: bucket.slice(slash + 1) };
}

/** JSON documents, each in a line. */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest: string[] = [];
  for await (const chunk of chunks) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    rest.push(first);
    for (const next of others) {
      yield rest.join('');
      rest = [next];
    }
  }
  yield rest.join('') + decoder.decode();
}

interface Answer {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly tags?: Readonly<Record<string, string>>;
      readonly columns: readonly string[];
      readonly values?: readonly (readonly Cell[])[];
    }[];
  }[];
}

/** A query that fails after its first rows has answered 200 already: the error stands where a result would. */
function partsOf(line: string): SeriesPart[] {
  if (line.trim() === '') return [];
  const { error, results = [] } = JSON.parse(line) as Answer;
  if (error !== undefined) throw new Error(error);
  return results.flatMap((result) => {
    if (result.error !== undefined) throw new Error(result.error);
    return (result.series ?? []).map(({ tags = {}, columns, values = [] }) => ({
      tags: Object.fromEntries(Object.entries(tags).filter(([, value]) => value !== '')),
      tagsAsked: Object.keys(tags).length,
      columns,
      rows: values,
    }));
  });
}
