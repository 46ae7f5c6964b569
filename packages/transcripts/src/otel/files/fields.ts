import type { Attributes, AttributeValue } from '@tracepost/contracts';
import { fieldsOf, listOf, textOf, timeOf } from '../../building/values.ts';

const ID_CHARACTERS = 200;

/** Of a trace or a span. Throws `RangeError` where there is none: without it nothing can be said of the span. */
export function spanId(value: unknown, what: string): string {
  const id = textOf(value);
  if (id === null || id.length > ID_CHARACTERS) throw new RangeError(`the span has no ${what}`);
  return id;
}

/** 2000 and 2100. */
const EARLIEST_NANOS = 946_684_800_000_000_000n;
const LATEST_NANOS = 4_102_444_800_000_000_000n;

/** Nanoseconds since 1970, as a number or its digits. Throws `RangeError` for what is no time of a span. */
export function nanosOf(value: unknown): bigint {
  const isWhole =
    typeof value === 'number' ? Number.isInteger(value) : typeof value === 'string' && /^\d{1,20}$/.test(value);
  const nanos = isWhole ? BigInt(value as number | string) : 0n;
  if (nanos >= EARLIEST_NANOS && nanos <= LATEST_NANOS) return nanos;
  throw new RangeError(`the time ${JSON.stringify(value)?.slice(0, 40)} is none between 2000 and 2100`);
}

/** From ISO 8601 text. Throws `RangeError` likewise. */
export function nanosOfText(value: unknown): bigint {
  const ms = timeOf(value);
  if (ms === null) throw new RangeError('the span has no time at which it began');
  return BigInt(ms) * 1_000_000n;
}

const MOST_ATTRIBUTES = 4_096;
const DEEPEST = 8;

/** A list of keys and OTLP's values. */
export function otlpAttributes(value: unknown): Attributes {
  const attributes: Record<string, AttributeValue> = Object.create(null);
  for (const entry of listOf(value).slice(0, MOST_ATTRIBUTES)) {
    const { key, value: any } = fieldsOf(entry);
    if (typeof key === 'string') attributes[key] = otlpValue(any);
  }
  return attributes;
}

export function otlpValue(value: unknown, depth = 1): AttributeValue {
  const any = fieldsOf(value);
  if (depth > DEEPEST) return null;
  const plain =
    any.stringValue ?? any.string_value ?? any.boolValue ?? any.bool_value ?? any.doubleValue ?? any.double_value;
  if (typeof plain === 'string' || typeof plain === 'boolean' || typeof plain === 'number') return plain;
  const whole = any.intValue ?? any.int_value;
  if (typeof whole === 'number') return whole;
  if (typeof whole === 'string' && /^-?\d{1,20}$/.test(whole))
    return Number.isSafeInteger(Number(whole)) ? Number(whole) : whole;
  const list = any.arrayValue ?? any.array_value;
  if (list !== undefined) return listOf(fieldsOf(list).values).map((entry) => otlpValue(entry, depth + 1));
  const map = any.kvlistValue ?? any.kvlist_value;
  if (map === undefined) return null;
  const members: Record<string, AttributeValue> = Object.create(null);
  for (const entry of listOf(fieldsOf(map).values)) {
    const { key, value: member } = fieldsOf(entry);
    if (typeof key === 'string') members[key] = otlpValue(member, depth + 1);
  }
  return members;
}

/** Members of an object that came out of JSON: whatever they are, they are values. */
export function jsonAttributes(value: unknown): Attributes {
  // What JSON can hold is what an attribute can be.
  return fieldsOf(value) as Attributes;
}
