import type { Attributes, AttributeValue } from '@tracepost/contracts';
import { MAX_DEPTH, MAX_ENTRIES, MAX_STRING_BYTES } from '../../limits.ts';
import { AttributeCollector } from '../attribute-collector.ts';
import { exactNumber } from '../exact-number.ts';
import { MalformedError } from '../malformed-error.ts';
import { booleanIn, listIn, numberIn, objectIn, textIn, wholeNumberIn } from './fields.ts';

/** A list of `KeyValue`; past the limit they are stepped over, unless room is made. */
export function attributesIn(value: unknown): Attributes {
  return readInto(new AttributeCollector(), value, 1).values;
}

function readInto(into: AttributeCollector, value: unknown, depth: number): AttributeCollector {
  for (const entry of listIn(value)) {
    if (into.isClosed) break;
    const keyValue = objectIn(entry);
    const key = textIn(keyValue.key);
    if (!into.isFull || into.makesRoomFor(key)) into.set(key, valueIn(keyValue.value, depth));
  }
  return into;
}

/** An `AnyValue`. Bytes stay base64; a value that is not set is null. */
export function valueIn(value: unknown, depth = 1): AttributeValue {
  if (depth > MAX_DEPTH) throw new MalformedError('values are nested too deep', 'too_deep');
  const any = objectIn(value);
  if (isSet(any.stringValue)) return textIn(any.stringValue);
  if (isSet(any.boolValue)) return booleanIn(any.boolValue);
  if (isSet(any.intValue)) return exactNumber(wholeNumberIn(any.intValue));
  if (isSet(any.doubleValue)) return numberIn(any.doubleValue);
  if (isSet(any.arrayValue))
    return listIn(objectIn(any.arrayValue).values)
      .slice(0, MAX_ENTRIES + 1)
      .map((entry) => valueIn(entry, depth + 1));
  if (isSet(any.kvlistValue))
    return readInto(new AttributeCollector(MAX_ENTRIES), objectIn(any.kvlistValue).values, depth + 1).values;
  if (isSet(any.bytesValue))
    return Buffer.from(textIn(any.bytesValue), 'base64').subarray(0, MAX_STRING_BYTES).toString('base64');
  return null;
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}
