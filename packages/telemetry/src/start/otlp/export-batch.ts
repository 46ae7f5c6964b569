import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type { SendOutcome } from '../filling.ts';
import { retryInfoMs } from './retry-info.ts';

/** What the SDK's exporters have in common. */
export interface BatchExporter<T> {
  export(items: T, answer: (result: ExportResult) => void): void;
}

/** gRPC status codes by number. https://grpc.io/docs/guides/status-codes/ */
const STATUS_NAMES: Readonly<Record<number, string>> = {
  1: 'cancelled',
  2: 'unknown',
  3: 'invalid_argument',
  4: 'deadline_exceeded',
  5: 'not_found',
  6: 'already_exists',
  7: 'permission_denied',
  8: 'resource_exhausted',
  9: 'failed_precondition',
  10: 'aborted',
  11: 'out_of_range',
  12: 'unimplemented',
  13: 'internal',
  14: 'unavailable',
  15: 'data_loss',
  16: 'unauthenticated',
};
/** What the OTLP specification calls retryable; anything else no retry can mend. */
const RETRYABLE: ReadonlySet<number> = new Set([1, 4, 8, 10, 11, 14, 15]);

export type ExportOutcome = SendOutcome | { readonly status: 'too_large' };

/**
 * Exports once. OpenTelemetry's gRPC exporters do not retry and only say failed, so that the status of the answer decides here whether
 * the batch should come again. Aborting does not call the request off; the exporter's own timeout ends it.
 */
export function exportBatch<T>(
  exporter: BatchExporter<T>,
  items: T,
  count: number,
  abort: AbortSignal,
): Promise<ExportOutcome> {
  return new Promise((resolve) => {
    const onAbort = () => resolve({ status: 'later', reason: 'stopped' });
    abort.addEventListener('abort', onAbort, { once: true });
    if (abort.aborted) return onAbort();
    exporter.export(items, (result) => {
      abort.removeEventListener('abort', onAbort);
      resolve(outcomeOf(result, count));
    });
  });
}

function outcomeOf({ code, error }: ExportResult, count: number): ExportOutcome {
  if (code === ExportResultCode.SUCCESS) return { status: 'taken', refused: [] };
  const failure = error as GrpcFailure | undefined;
  const status = failure?.code;
  const reason = typeof status === 'number' ? (STATUS_NAMES[status] ?? 'unknown') : 'unknown';
  if (status === 8 && /larger than max/i.test(error?.message ?? '')) {
    // Said by the client itself it is the answer that is too large: what became of the request nobody knows, and halves would fare alike.
    return isAnswered(failure) ? { status: 'too_large' } : { status: 'later', reason: 'answer_too_large' };
  }
  // Without a status nothing was answered at all: the exporter gave up waiting.
  if (typeof status !== 'number' || RETRYABLE.has(status)) return { status: 'later', reason, ...wishOf(failure) };
  return { status: 'taken', refused: [{ reason, count }] };
}

/** What grpc-js makes of a call that failed. */
interface GrpcFailure extends Error {
  readonly code?: unknown;
  readonly metadata?: { getMap(): Record<string, unknown>; get(key: string): readonly unknown[] };
}

/** A status that came over the wire has the headers of its answer with it, one that the client made has none. */
function isAnswered(failure: GrpcFailure | undefined): boolean {
  return Object.keys(failure?.metadata?.getMap() ?? {}).length > 0;
}

function wishOf(failure: GrpcFailure | undefined): { readonly retryAfterMs?: number } {
  const [details] = failure?.metadata?.get('grpc-status-details-bin') ?? [];
  const ms = details instanceof Uint8Array ? retryInfoMs(details) : null;
  return ms === null ? {} : { retryAfterMs: ms };
}
