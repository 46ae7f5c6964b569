import type { SignalName } from '@tracepost/contracts';
import { Refusals } from '../../refusals.ts';
import { readEnvelope } from './envelope.ts';
import { countPoints } from './metrics.ts';

/**
 * How many spans, log records or data points lie behind a position in a request, without looking into them. Only for one whose frame was
 * checked; throws where that check does.
 */
export function* countRecords(bytes: Uint8Array, signal: SignalName, from: number): Generator<void, number> {
  let count = 0;
  yield* readEnvelope(bytes, {
    signal,
    refused: new Refusals(),
    maxRecordBytes: Number.POSITIVE_INFINITY,
    // Nothing is made of what is counted.
    parts: Number.POSITIVE_INFINITY,
    *readRecord({ wire, end, turn }) {
      if (wire.reader.pos >= from) count += signal === 'metrics' ? yield* countPoints(wire, end, turn) : 1;
      wire.reader.pos = end;
    },
  });
  return count;
}
