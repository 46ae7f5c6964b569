import { HttpError } from '@influxdata/influxdb-client';
import type { Connection } from './connection.ts';

/** What became of one request. `partly`: all but `dropped` lines are stored, and no retry can mend those. */
export type SendOutcome =
  | { readonly status: 'stored' }
  | { readonly status: 'partly'; readonly dropped: number; readonly reason: string }
  /** The whole request was refused because of some line in it. */
  | { readonly status: 'malformed' }
  | { readonly status: 'later'; readonly reason: string; readonly retryAfterMs: number };

/** Past this many bytes a request is gzipped. */
const GZIP_FROM = 1_000;
const RETRY_AFTER_MS = 2_000;
/** A missing bucket or a wrong token is mended by people, not in seconds. */
const RETRY_AFTER_SETUP_MS = 15_000;

/** Writes line protocol in one request and resolves once InfluxDB has answered. Never throws. */
export async function sendLines(
  connection: Connection,
  bucket: string,
  lines: readonly string[],
): Promise<SendOutcome> {
  try {
    await connection.use(async (client) => {
      // A write API for each request, without its timer, retries and batching: those would keep lines in memory, send
      // some of them unawaited, and lose them at close.
      const api = client.getWriteApi(connection.org, bucket, 'ns', {
        batchSize: lines.length + 1,
        maxBatchBytes: Number.MAX_SAFE_INTEGER,
        flushInterval: 0,
        maxRetries: 0,
        gzipThreshold: GZIP_FROM,
        // Answering with a promise keeps the driver from printing the error itself.
        writeFailed: (error) => Promise.reject(error),
      });
      api.writeRecords([...lines]);
      await api.flush();
    });
    return { status: 'stored' };
  } catch (error) {
    return outcomeOf(error);
  }
}

function outcomeOf(error: unknown): SendOutcome {
  if (!(error instanceof HttpError)) return later(describe(error), RETRY_AFTER_MS);
  const { statusCode, message } = error;
  if (statusCode === 422) return { status: 'partly', dropped: droppedIn(message), reason: reasonIn(message) };
  if (statusCode === 400 || statusCode === 413) return { status: 'malformed' };
  const isSetup = statusCode === 401 || statusCode === 403 || statusCode === 404;
  const fallback = isSetup ? RETRY_AFTER_SETUP_MS : RETRY_AFTER_MS;
  return later(`answer ${statusCode}: ${message.slice(0, 300)}`, retryAfterMs(error) ?? fallback);
}

function later(reason: string, retryMs: number): SendOutcome {
  return { status: 'later', reason: `InfluxDB takes nothing: ${reason}`, retryAfterMs: retryMs };
}

/** "partial write: field type conflict: … dropped=1", "partial write: dropped 1 points outside retention policy". */
function droppedIn(message: string): number {
  return Number(/dropped[= ](\d+)/.exec(message)?.[1] ?? 1);
}

function reasonIn(message: string): string {
  if (message.includes('retention policy')) return 'outside_retention';
  return message.includes('type conflict') ? 'type_conflict' : 'refused_by_store';
}

function retryAfterMs({ headers }: HttpError): number | undefined {
  const seconds = Number(headers?.['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || (error as { code?: string }).code || error.name;
}
