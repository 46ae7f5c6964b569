import type { Attributes, AttributeValue } from '@tracepost/contracts';
import { listIn, objectIn, textIn } from './untrusted.ts';

/** OTLP JSON's list of keys and values. Whole numbers come as text, since JSON's own would lose those past 2^53. */
export function readAttributes(owner: unknown): Attributes {
  return Object.fromEntries(
    listIn(owner, 'attributes').map((entry) => [textIn(entry, 'key'), readValue(objectIn(entry, 'value'))]),
  );
}

function readValue(value: Readonly<Record<string, unknown>>): AttributeValue {
  if (typeof value.stringValue === 'string') return value.stringValue;
  if (typeof value.boolValue === 'boolean') return value.boolValue;
  if (typeof value.intValue === 'string' || typeof value.intValue === 'number') return Number(value.intValue);
  if (typeof value.doubleValue === 'number') return value.doubleValue;
  if (value.arrayValue !== undefined) return listIn(value.arrayValue, 'values').map((entry) => readValue(mapOf(entry)));
  if (value.kvlistValue !== undefined) {
    const entries = listIn(value.kvlistValue, 'values');
    return Object.fromEntries(entries.map((entry) => [textIn(entry, 'key'), readValue(objectIn(entry, 'value'))]));
  }
  // NaN and the infinities come as words, bytes as base64.
  if (typeof value.doubleValue === 'string') return value.doubleValue;
  return typeof value.bytesValue === 'string' ? value.bytesValue : null;
}

function mapOf(entry: unknown): Readonly<Record<string, unknown>> {
  return objectIn({ entry }, 'entry');
}
