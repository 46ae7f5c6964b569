import type { SignalBatch, SignalName } from '@tracepost/contracts';
import { Refusals } from '../refusals.ts';
import { decodeLogs } from './logs.ts';
import { decodeMetrics } from './metrics.ts';
import { decodeSpans } from './spans.ts';

export type Decoded =
  | { readonly status: 'decoded'; readonly batch: SignalBatch; readonly refused: Refusals }
  /** Nothing in it could be read: it is not what it says it is. */
  | { readonly status: 'malformed'; readonly reason: string };

/**
 * Decodes an OTLP request of one signal, protobuf, inflated. Gives the loop back to others every thousand records. Never throws, whatever
 * the bytes are. What could not be read record by record is in `refused`.
 */
export async function decodeRequest(signal: SignalName, bytes: Uint8Array): Promise<Decoded> {
  const refused = new Refusals();
  try {
    const steps = decodeInSteps(signal, bytes, refused);
    for (;;) {
      const step = steps.next();
      if (!step.done) {
        await new Promise((resolve) => setImmediate(resolve));
        continue;
      }
      const isEmpty = Object.values(step.value).every((signals) => signals.length === 0);
      const first = refused.list()[0];
      if (isEmpty && first && UNREADABLE.has(first.reason)) return { status: 'malformed', reason: first.reason };
      return { status: 'decoded', batch: step.value, refused };
    }
  } catch (error) {
    return { status: 'malformed', reason: error instanceof Error ? error.message : String(error) };
  }
}

const UNREADABLE: ReadonlySet<string> = new Set(['malformed', 'too_deep', 'too_many_parts']);
const NOTHING: SignalBatch = { spans: [], logs: [], metrics: [] };

function* decodeInSteps(signal: SignalName, bytes: Uint8Array, refused: Refusals): Generator<void, SignalBatch> {
  if (signal === 'spans') return { ...NOTHING, spans: yield* decodeSpans(bytes, refused) };
  if (signal === 'logs') return { ...NOTHING, logs: yield* decodeLogs(bytes, refused) };
  return { ...NOTHING, metrics: yield* decodeMetrics(bytes, refused) };
}
