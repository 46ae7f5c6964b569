import { BinaryWriter } from '@bufbuild/protobuf/wire';
import type { Refusal } from '@tracepost/contracts';

export const PROTOBUF = 'application/x-protobuf';

/**
 * The body of a 200: empty when all was taken, else `partial_success` with the exact number. Field numbers are the same for spans, logs and
 * points. It has to be well-formed: a collector that cannot read it sends the batch again, for ever.
 */
export function takenBody(refused: readonly Refusal[]): Uint8Array {
  const count = refused.reduce((sum, refusal) => sum + refusal.count, 0);
  if (count === 0) return new Uint8Array();
  const reasons = refused.map(({ reason, count }) => `${reason}: ${count}`).join(', ');
  const partialSuccess = new BinaryWriter().uint32(tag(1, 0)).int64(count).uint32(tag(2, 2)).string(reasons).finish();
  return new BinaryWriter().uint32(tag(1, 2)).bytes(partialSuccess).finish();
}

/** A `google.rpc.Status` with its message, which a collector prints into its log. */
export function errorBody(message: string): Uint8Array {
  return new BinaryWriter().uint32(tag(2, 2)).string(message).finish();
}

function tag(field: number, wireType: number): number {
  return (field << 3) | wireType;
}
