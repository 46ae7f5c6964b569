import type { SignalBatch, SignalName } from '@tracepost/contracts';
import { Refusals } from '../refusals.ts';
import { type Format, readRequest } from './read-request.ts';

export type Decoded =
  | { readonly status: 'decoded'; readonly batch: SignalBatch; readonly refused: Refusals }
  /** Nothing in it could be read: it is not what it says it is. */
  | { readonly status: 'malformed'; readonly reason: string };

/**
 * Decodes an OTLP request of one signal, inflated, into one batch. Gives the loop back to others every thousand records. Never
 * throws, whatever the bytes are. What could not be read record by record is in `refused`.
 */
export async function decodeRequest(
  signal: SignalName,
  bytes: Uint8Array,
  format: Format = 'protobuf',
): Promise<Decoded> {
  const refused = new Refusals();
  const batch = { spans: [], logs: [], metrics: [] } as { [Name in SignalName]: SignalBatch[Name][number][] };
  try {
    for await (const part of readRequest({ signal, format, bytes, refused })) {
      // One by one: half a million arguments are too many for a call.
      for (const span of part.spans) batch.spans.push(span);
      for (const log of part.logs) batch.logs.push(log);
      for (const metric of part.metrics) batch.metrics.push(metric);
    }
    return { status: 'decoded', batch, refused };
  } catch (error) {
    return { status: 'malformed', reason: error instanceof Error ? error.message : String(error) };
  }
}
