import type { Origin, SignalName } from '@tracepost/contracts';
import { limitAttributes } from '../../limit-values.ts';
import { MAX_RECORD_BYTES } from '../../limits.ts';
import { Refusals } from '../../refusals.ts';
import { AttributeCollector } from '../attribute-collector.ts';
import { Faults } from '../faults.ts';
import { MalformedError } from '../malformed-error.ts';
import { Turn } from '../turn.ts';
import { readAttribute } from './attributes.ts';
import {
  assertEnd,
  bits,
  countPart,
  LENGTH,
  MAX_PARTS,
  openWire,
  readEnd,
  readString,
  skip,
  skipUnknown,
  tag,
  type Wire,
} from './wire.ts';

/**
 * Reads the record that has to end at `end` and keeps it if it did; throws `MalformedError` (or what a read past the end throws). One
 * that may be long gives its steps.
 */
export type ReadRecord = (record: {
  readonly wire: Wire;
  readonly end: number;
  readonly origin: Origin;
  readonly turn: Turn;
  readonly faults: Faults;
}) => Generator<void, void> | undefined;

export interface EnvelopeOptions {
  readonly signal: SignalName;
  readonly refused: Refusals;
  readonly readRecord: ReadRecord;
  /** The longest record; a metric has none, because it holds many points. */
  readonly maxRecordBytes: number;
  /** What a record counts for that is not read; one if nothing is said. */
  readonly countIn?: CountIn;
  /** Told of every record that was read or refused. */
  readonly place?: Place;
  /** What reading may cost; less of a request that is short. */
  readonly parts?: number;
}

/** How many of what is counted lie in the record that ends at `end`. Leaves the position anywhere, and throws nothing. */
export type CountIn = (wire: Wire, end: number, turn: Turn) => Generator<void, number>;

/** Behind the last record that was read or refused: what comes after it is still to be accounted for. */
export interface Place {
  position: number;
}

const INNER = tag(1, LENGTH);
const REPEATED = tag(2, LENGTH);
const OUTER_FIELDS = bits(1, 2);
/** The address of a schema. */
const OUTER_UNUSED = bits(3);

/**
 * What the requests of all three signals share: resources hold scopes, scopes hold records. A record that cannot be read is refused alone,
 * so that one program's broken telemetry does not take that of others with it, which a collector sends in the same request. Where
 * the frame itself is broken, it throws. Yields now and then.
 */
export function* readEnvelope(bytes: Uint8Array, options: EnvelopeOptions): Generator<void, void> {
  const wire = openWire(bytes);
  wire.partsLeft = options.parts ?? wire.partsLeft;
  const { reader } = wire;
  const under: UnderWay = { ...options, turn: new Turn(), faults: new Faults(options.signal, options.refused) };
  const { turn } = under;
  while (reader.pos < reader.len) {
    const seen = reader.uint32();
    if (seen === INNER) {
      yield* readResource(wire, readEnd(wire, reader.len), under);
      if (turn.isOver(reader.pos)) yield;
    } else skipUnknown(wire, seen, bits(1));
  }
  assertEnd(wire, reader.len);
}

/**
 * Throws where reading all of it would. Asked before the first part of a request is handed on, so that none is stored of one that is
 * then answered as broken.
 */
export function* checkFrame(bytes: Uint8Array, signal: SignalName): Generator<void, void> {
  const refused = new Refusals();
  yield* readEnvelope(bytes, { signal, refused, readRecord: stepOver, maxRecordBytes: Number.POSITIVE_INFINITY });
}

const stepOver: ReadRecord = ({ wire, end }) => {
  wire.reader.pos = end;
  return undefined;
};

interface UnderWay extends EnvelopeOptions {
  readonly turn: Turn;
  readonly faults: Faults;
}

function* readResource(wire: Wire, end: number, under: UnderWay): Generator<void, void> {
  countPart(wire);
  const { reader } = wire;
  const resource = findInner(wire, end, readResourceAttributes) ?? {};
  const name = resource['service.name'];
  const service = typeof name === 'string' && name !== '' ? name : 'unknown_service';
  const origins = new ScopesOf({ service, resource });
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === REPEATED) {
      yield* readScope(wire, readEnd(wire, end), origins, under);
      if (under.turn.isOver(reader.pos)) yield;
    } else if (seen === INNER) stepOverInner(wire);
    else skipUnknown(wire, seen, OUTER_FIELDS, OUTER_UNUSED);
  }
  assertEnd(wire, end);
}

type Scope = Pick<Origin, 'scopeName' | 'scopeVersion'>;

/**
 * Origins of one resource. Some programs write the same scope around every record: those share one object then, and whatever is made of an
 * origin behind is made once.
 */
class ScopesOf {
  readonly #from: Pick<Origin, 'service' | 'resource'>;
  #last: Origin | null = null;

  constructor(from: Pick<Origin, 'service' | 'resource'>) {
    this.#from = from;
  }

  named({ scopeName, scopeVersion }: Scope): Origin {
    const last = this.#last;
    if (last && last.scopeName === scopeName && last.scopeVersion === scopeVersion) return last;
    this.#last = { ...this.#from, scopeName, scopeVersion };
    return this.#last;
  }
}

function* readScope(
  wire: Wire,
  end: number,
  origins: ScopesOf,
  { signal, refused, readRecord, maxRecordBytes, turn, faults, countIn, place }: UnderWay,
): Generator<void, void> {
  countPart(wire);
  const { reader } = wire;
  const origin = origins.named(findInner(wire, end, readScopeName) ?? { scopeName: '', scopeVersion: '' });
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === REPEATED) {
      const recordEnd = readEnd(wire, end);
      // Without an error: making a million of them would take longer than reading did.
      const isSpent = wire.partsLeft <= 0;
      if (recordEnd - reader.pos > maxRecordBytes) refused.add(signal, 'record_too_large');
      else if (isSpent || faults.areTooMany) {
        const count = countIn ? yield* countIn(wire, recordEnd, turn) : 1;
        if (isSpent) refused.add(signal, 'too_many_parts', count);
        else faults.isOver(count);
      } else {
        try {
          countPart(wire);
          const steps = readRecord({ wire, end: recordEnd, origin, turn, faults });
          if (steps) yield* steps;
        } catch (error) {
          faults.note(error);
        }
      }
      reader.pos = recordEnd;
      if (place) place.position = recordEnd;
      if (turn.isOver(reader.pos)) yield;
    } else if (seen === INNER) stepOverInner(wire);
    else skipUnknown(wire, seen, OUTER_FIELDS, OUTER_UNUSED);
  }
  assertEnd(wire, end);
}

/** It was read ahead; another one beside it is not. */
function stepOverInner(wire: Wire): void {
  countPart(wire);
  skip(wire, LENGTH);
}

/** Fields may come in any order: looks ahead for the resource or the scope, and goes back. */
function findInner<T>(wire: Wire, end: number, read: (wire: Wire, end: number) => T): T | null {
  const { reader } = wire;
  const start = reader.pos;
  let found: T | null = null;
  let fields = 0;
  while (reader.pos < end && found === null) {
    fields += 1;
    if (fields > MAX_PARTS) throw new MalformedError('too many parts before the resource or scope', 'too_many_parts');
    const seen = reader.uint32();
    if (seen === INNER) {
      const innerEnd = readEnd(wire, end);
      if (innerEnd - reader.pos > MAX_RECORD_BYTES) throw new MalformedError('a resource or scope of too many bytes');
      found = read(wire, innerEnd);
    } else skip(wire, seen & 7);
  }
  reader.pos = start;
  return found;
}

const RESOURCE_FIELDS = bits(1);
/** How many attributes were left out, and entities. */
const RESOURCE_UNUSED = bits(2, 3);

function readResourceAttributes(wire: Wire, end: number): Origin['resource'] {
  const { reader } = wire;
  const attributes = new AttributeCollector();
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === INNER) readAttribute(wire, end, attributes);
    else skipUnknown(wire, seen, RESOURCE_FIELDS, RESOURCE_UNUSED);
  }
  assertEnd(wire, end);
  return limitAttributes(attributes.values);
}

const SCOPE_VERSION = tag(2, LENGTH);
const SCOPE_FIELDS = bits(1, 2);
/** Attributes of the scope. */
const SCOPE_UNUSED = bits(3, 4);

function readScopeName(wire: Wire, end: number): Scope {
  const { reader } = wire;
  let scopeName = '';
  let scopeVersion = '';
  while (reader.pos < end) {
    const seen = reader.uint32();
    if (seen === INNER) scopeName = readString(wire);
    else if (seen === SCOPE_VERSION) scopeVersion = readString(wire);
    else skipUnknown(wire, seen, SCOPE_FIELDS, SCOPE_UNUSED);
  }
  assertEnd(wire, end);
  return { scopeName, scopeVersion };
}
