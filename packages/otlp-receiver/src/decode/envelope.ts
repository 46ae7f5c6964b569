import type { Origin } from '@tracepost/contracts';
import { limitAttributes } from '../limit-values.ts';
import type { Refusals } from '../refusals.ts';
import { AttributeCollector, readAttribute } from './attributes.ts';
import {
  assertEnd,
  bits,
  countPart,
  LENGTH,
  MalformedError,
  openWire,
  readEnd,
  readString,
  skip,
  skipUnknown,
  tag,
  type Wire,
} from './wire.ts';

/** Reads the record that has to end at `end` and keeps it if it did; throws `MalformedError` (or what a read past the end throws). */
export type ReadRecord = (wire: Wire, end: number, origin: Origin) => void;

export interface EnvelopeOptions {
  readonly signal: 'spans' | 'logs' | 'metrics';
  readonly refused: Refusals;
  readonly readRecord: ReadRecord;
}

/** Records between two pauses of a long request, in which others get their turn. */
const RECORDS_PER_TURN = 1_000;

const INNER = tag(1, LENGTH);
const REPEATED = tag(2, LENGTH);
/** Field 3, the address of a schema, is of no use here. */
const OUTER_FIELDS = bits(1, 2);

/**
 * What the requests of all three signals share: resources hold scopes, scopes hold records. A record that cannot be read is refused alone,
 * so that one program's broken telemetry does not take that of others with it, which a collector sends in the same request. Where
 * the frame itself is broken, it throws. Yields now and then.
 */
export function* readEnvelope(bytes: Uint8Array, options: EnvelopeOptions): Generator<void, void> {
  const wire = openWire(bytes);
  const { reader } = wire;
  const turn = { left: RECORDS_PER_TURN };
  while (reader.pos < reader.len) {
    const seen = reader.uint32();
    if (seen === INNER) {
      yield* readResource(wire, readEnd(wire, reader.len), turn, options);
      if (endsTurn(turn)) yield;
    } else skipUnknown(wire, seen, bits(1));
  }
  assertEnd(wire, reader.len);
}

type Turn = { left: number };

function endsTurn(turn: Turn): boolean {
  turn.left -= 1;
  if (turn.left > 0) return false;
  turn.left = RECORDS_PER_TURN;
  return true;
}

function* readResource(wire: Wire, end: number, turn: Turn, options: EnvelopeOptions): Generator<void, void> {
  countPart(wire);
  const { reader } = wire;
  const resource = findInner(wire, end, readResourceAttributes) ?? {};
  const name = resource['service.name'];
  const service = typeof name === 'string' && name !== '' ? name : 'unknown_service';
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === REPEATED) {
      yield* readScope(wire, readEnd(wire, end), { service, resource }, turn, options);
      if (endsTurn(turn)) yield;
    } else if (seen === INNER) skip(wire, LENGTH);
    else skipUnknown(wire, seen, OUTER_FIELDS);
  }
  assertEnd(wire, end);
}

function* readScope(
  wire: Wire,
  end: number,
  from: Pick<Origin, 'service' | 'resource'>,
  turn: Turn,
  { signal, refused, readRecord }: EnvelopeOptions,
): Generator<void, void> {
  countPart(wire);
  const { reader } = wire;
  const scope = findInner(wire, end, readScopeName) ?? { scopeName: '', scopeVersion: '' };
  const origin: Origin = { ...from, ...scope };
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === REPEATED) {
      const recordEnd = readEnd(wire, end);
      try {
        countPart(wire);
        readRecord(wire, recordEnd, origin);
      } catch (error) {
        refused.add(signal, error instanceof MalformedError ? error.reason : 'malformed');
        reader.pos = recordEnd;
      }
      if (endsTurn(turn)) yield;
    } else if (seen === INNER) skip(wire, LENGTH);
    else skipUnknown(wire, seen, OUTER_FIELDS);
  }
  assertEnd(wire, end);
}

/** Fields may come in any order: looks ahead for the resource or the scope, and goes back. */
function findInner<T>(wire: Wire, end: number, read: (wire: Wire, end: number) => T): T | null {
  const { reader } = wire;
  const start = reader.pos;
  let found: T | null = null;
  while (reader.pos < end && found === null) {
    const seen = reader.uint32();
    if (seen === INNER) found = read(wire, readEnd(wire, end));
    else skip(wire, seen & 7);
  }
  reader.pos = start;
  return found;
}

function readResourceAttributes(wire: Wire, end: number): Origin['resource'] {
  const { reader } = wire;
  const attributes = new AttributeCollector();
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === INNER) readAttribute(wire, end, attributes);
    else skipUnknown(wire, seen, bits(1));
  }
  assertEnd(wire, end);
  return limitAttributes(attributes.values);
}

const SCOPE_VERSION = tag(2, LENGTH);

function readScopeName(wire: Wire, end: number): Pick<Origin, 'scopeName' | 'scopeVersion'> {
  const { reader } = wire;
  let scopeName = '';
  let scopeVersion = '';
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === INNER) scopeName = readString(wire);
    else if (seen === SCOPE_VERSION) scopeVersion = readString(wire);
    else skipUnknown(wire, seen, bits(1, 2));
  }
  assertEnd(wire, end);
  return { scopeName, scopeVersion };
}
