import type { Origin, SignalName } from '@tracepost/contracts';
import { limitAttributes } from '../../limit-values.ts';
import type { Refusals } from '../../refusals.ts';
import { Faults } from '../faults.ts';
import { MalformedError } from '../malformed-error.ts';
import { Turn } from '../turn.ts';
import { type JsonObject, listIn, objectIn, textIn } from './fields.ts';
import { attributesIn } from './values.ts';

/** The fields of a request, outside in. */
const FIELDS: Readonly<Record<SignalName, readonly [resources: string, scopes: string, records: string]>> = {
  spans: ['resourceSpans', 'scopeSpans', 'spans'],
  logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  metrics: ['resourceMetrics', 'scopeMetrics', 'metrics'],
};

export interface RecordContext {
  readonly origin: Origin;
  readonly turn: Turn;
  readonly faults: Faults;
}

export interface EnvelopeOptions {
  readonly signal: SignalName;
  readonly refused: Refusals;
  /** Keeps the record, or throws. One that may be long gives its steps. */
  readonly readRecord: (record: JsonObject, context: RecordContext) => Generator<void, void> | undefined;
}

/**
 * Walks over a request that came as JSON. A record that cannot be read is refused alone; where the frame around them is broken, it throws before
 * the first record is read. Fields that are not known are left out, but for those that say that another signal was sent. Yields now and then.
 */
export function* readEnvelope(request: unknown, options: EnvelopeOptions): Generator<void, void> {
  const { signal, refused, readRecord } = options;
  const turn = new Turn();
  const faults = new Faults(signal, refused);
  for (const { origin, records } of framesIn(request, signal)) {
    for (const record of records) {
      if (!faults.isOver()) {
        try {
          const steps = readRecord(objectIn(record), { origin, turn, faults });
          if (steps) yield* steps;
        } catch (error) {
          faults.note(error);
        }
      }
      if (turn.isOver()) yield;
    }
  }
}

interface Frame {
  readonly origin: Origin;
  readonly records: readonly unknown[];
}

function framesIn(request: unknown, signal: SignalName): readonly Frame[] {
  // An empty message is written as an empty object; nothing at all, or null, is none.
  if (typeof request !== 'object' || request === null) throw new MalformedError('it is no JSON object');
  const root = objectIn(request);
  const [resources, scopes, records] = FIELDS[signal];
  const other = Object.values(FIELDS).find(([field]) => field !== resources && field in root);
  if (other) throw new MalformedError(`it holds ${other[0]}`);

  const frames: Frame[] = [];
  for (const one of listIn(root[resources])) {
    const ofResource = objectIn(one);
    const resource = limitAttributes(attributesIn(objectIn(ofResource.resource).attributes));
    const name = resource['service.name'];
    const service = typeof name === 'string' && name !== '' ? name : 'unknown_service';
    for (const inner of listIn(ofResource[scopes])) {
      const ofScope = objectIn(inner);
      const scope = objectIn(ofScope.scope);
      const origin: Origin = {
        service,
        resource,
        scopeName: textIn(scope.name),
        scopeVersion: textIn(scope.version),
      };
      frames.push({ origin, records: listIn(ofScope[records]) });
    }
  }
  return frames;
}
