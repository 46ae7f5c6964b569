import { MAX_CALL_TOKENS } from '@tracepost/contracts/token-usage';

/** What a provider's usage is: a JSON object whose numbers are counts of tokens. */
export type RawUsage = Readonly<Record<string, unknown>>;

/** A number that no provider can have meant. Thrown inside this folder only: one bad number refuses the usage as a whole. */
export class RefusedCount extends Error {
  override readonly name = 'RefusedCount';
}

/**
 * The count under the first of these names that is there; 0 where none is. Providers write `null` for what does not apply.
 * A name may lead inside: `input_tokens_details.cached_tokens`.
 */
export function count(usage: RawUsage, ...names: readonly string[]): number {
  for (const name of names) {
    const value = valueAt(usage, name);
    if (value !== undefined && value !== null) return checked(value, name);
  }
  return 0;
}

/** The same of a value that has been looked up already. */
export function counted(value: unknown, name: string): number {
  return value === undefined || value === null ? 0 : checked(value, name);
}

/** Whether any of these is there. */
export function isTold(...values: readonly unknown[]): boolean {
  for (const value of values) if (value !== undefined && value !== null) return true;
  return false;
}

/** Whether any of these names has a value. */
export function has(usage: RawUsage, ...names: readonly string[]): boolean {
  for (const name of names) if ((valueAt(usage, name) ?? null) !== null) return true;
  return false;
}

export function isObject(value: unknown): value is RawUsage {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Every shape asks every usage for its names: they are taken apart once. */
const paths = new Map<string, readonly string[]>();

/** None of the names is one that every object has, so what is found is the usage's own. */
function valueAt(usage: RawUsage, name: string): unknown {
  const value = usage[name];
  return value === undefined && name.includes('.') ? valueInside(usage, name) : value;
}

function valueInside(usage: RawUsage, name: string): unknown {
  let path = paths.get(name);
  if (path === undefined) {
    path = name.split('.');
    paths.set(name, path);
  }
  let value: unknown = usage;
  for (const member of path) {
    if (!isObject(value)) return undefined;
    value = value[member];
  }
  return value;
}

function checked(value: unknown, name: string): number {
  if (typeof value !== 'number') throw new RefusedCount(`${name} is ${typeof value}; it has to be a number of tokens`);
  if (!Number.isSafeInteger(value))
    throw new RefusedCount(`${name} is ${value}; it has to be a whole number of tokens`);
  if (value < 0) throw new RefusedCount(`${name} is ${value}; tokens cannot be negative`);
  if (value > MAX_CALL_TOKENS)
    throw new RefusedCount(`${name} is ${value}; no call has more than ${MAX_CALL_TOKENS} tokens`);
  // -0 is an integer too, and would be written "-0" by some.
  return value + 0;
}
