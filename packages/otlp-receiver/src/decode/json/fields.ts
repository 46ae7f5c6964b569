import { MAX_STRING_BYTES } from '../../limits.ts';
import { MalformedError } from '../malformed-error.ts';

/** What may stand in a field. A field that is left out, or null, has its default, as in every format of Protocol Buffers. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function objectIn(value: unknown): JsonObject {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new MalformedError('something else where an object belongs');
  return value as JsonObject;
}

export function listIn(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new MalformedError('something else where a list belongs');
  return value;
}

export function textIn(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw new MalformedError('something else where a text belongs');
  // Half a character would be stored as something else than was sent.
  if (!value.isWellFormed()) throw new MalformedError('a text with half a character');
  return value.length > MAX_STRING_BYTES ? value.slice(0, MAX_STRING_BYTES).toWellFormed() : value;
}

/** Lower-case hex, as OTLP writes ids in JSON; anything else is left to the rules, which refuse it. */
export function idIn(value: unknown): string {
  return textIn(value).slice(0, 34).toLowerCase();
}

export function booleanIn(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw new MalformedError('something else where true or false belongs');
  return value;
}

/** A double: a number, or the text of one. */
export function numberIn(value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && NUMBER.test(value)) return Number(value);
  throw new MalformedError('something else where a number belongs');
}

const NUMBER = /^(-?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?|NaN|-?Infinity)$/;

/** The same, or null where nothing stands. */
export function optionalNumberIn(value: unknown): number | null {
  return value === undefined || value === null ? null : numberIn(value);
}

/** A whole number of 64 bits, exactly: a number, or its digits as a text. */
export function wholeNumberIn(value: unknown): bigint {
  if (value === undefined || value === null) return 0n;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw new MalformedError('something else where a whole number belongs');
}

/** One of the words of an enumeration, by its number or its name. */
export function enumIn(value: unknown, names: readonly string[]): number {
  if (typeof value !== 'string') return Number(wholeNumberIn(value));
  const at = names.indexOf(value);
  return at >= 0 ? at : Number(wholeNumberIn(value));
}
