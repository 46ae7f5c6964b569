import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Refusal, SignalName } from '@tracepost/contracts';

/** Codes of gRPC, which OTLP uses over HTTP too. */
export const STATUS = {
  ok: 0,
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** A `google.rpc.Status`. With a time to come again a sender may repeat the request, without one it must not. */
export interface Status {
  readonly code: number;
  readonly message: string;
  readonly retryAfterMs?: number | undefined;
}

/**
 * The body of what was taken: empty when that was all, else `partial_success` with the exact number. Field numbers are the same for
 * spans, logs and points. It has to be well-formed: a collector that cannot read it sends the batch again, for ever.
 */
export function takenBody(refused: readonly Refusal[]): Uint8Array {
  const { count, reasons } = sumUp(refused);
  if (count === 0) return new Uint8Array();
  const partialSuccess = new BinaryWriter().uint32(tag(1, 0)).int64(count).uint32(tag(2, 2)).string(reasons).finish();
  return new BinaryWriter().uint32(tag(1, 2)).bytes(partialSuccess).finish();
}

const REJECTED: Readonly<Record<SignalName, string>> = {
  spans: 'rejectedSpans',
  logs: 'rejectedLogRecords',
  metrics: 'rejectedDataPoints',
};

/** The same as JSON, where 64-bit numbers are texts. */
export function takenJson(signal: SignalName, refused: readonly Refusal[]): Uint8Array {
  const { count, reasons } = sumUp(refused);
  const partialSuccess = { [REJECTED[signal]]: String(count), errorMessage: reasons };
  return Buffer.from(JSON.stringify(count === 0 ? {} : { partialSuccess }));
}

export function statusBody({ code, message, retryAfterMs }: Status): Uint8Array {
  const writer = new BinaryWriter().uint32(tag(1, 0)).int32(code).uint32(tag(2, 2)).string(message);
  if (retryAfterMs !== undefined) writer.uint32(tag(3, 2)).bytes(retryInfo(retryAfterMs));
  return writer.finish();
}

export function statusJson({ code, message, retryAfterMs }: Status): Uint8Array {
  const details =
    retryAfterMs === undefined
      ? {}
      : { details: [{ '@type': RETRY_INFO, retryDelay: `${(retryAfterMs / 1_000).toFixed(3)}s` }] };
  return Buffer.from(JSON.stringify({ code, message, ...details }));
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/** A `google.protobuf.Any` that holds a `google.rpc.RetryInfo`. */
function retryInfo(retryAfterMs: number): Uint8Array {
  const delay = new BinaryWriter()
    .uint32(tag(1, 0))
    .int64(Math.floor(retryAfterMs / 1_000))
    .uint32(tag(2, 0))
    .int32((retryAfterMs % 1_000) * 1_000_000)
    .finish();
  const info = new BinaryWriter().uint32(tag(1, 2)).bytes(delay).finish();
  return new BinaryWriter().uint32(tag(1, 2)).string(RETRY_INFO).uint32(tag(2, 2)).bytes(info).finish();
}

function sumUp(refused: readonly Refusal[]): { readonly count: number; readonly reasons: string } {
  return {
    count: refused.reduce((sum, refusal) => sum + refusal.count, 0),
    reasons: refused.map(({ reason, count }) => `${reason}: ${count}`).join(', '),
  };
}

function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}
