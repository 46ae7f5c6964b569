/** Members of a JSON document that somebody else wrote: what is missing or of another type is empty, zero or nothing. */
export function objectIn(owner: unknown, key: string): Readonly<Record<string, unknown>> {
  const value = member(owner, key);
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export function listIn(owner: unknown, key: string): readonly unknown[] {
  const value = member(owner, key);
  return Array.isArray(value) ? value : [];
}

export function textIn(owner: unknown, key: string): string {
  const value = member(owner, key);
  return typeof value === 'string' ? value : '';
}

export function hexIn(owner: unknown, key: string): string {
  return textIn(owner, key).toLowerCase();
}

export function numberIn(owner: unknown, key: string): number {
  const value = member(owner, key);
  return typeof value === 'number' ? value : 0;
}

/** Nanoseconds as decimal text. */
export function nanosIn(owner: unknown, key: string): bigint {
  const value = textIn(owner, key);
  return /^\d{1,20}$/.test(value) ? BigInt(value) : 0n;
}

function member(owner: unknown, key: string): unknown {
  if (typeof owner !== 'object' || owner === null) return undefined;
  return (owner as Record<string, unknown>)[key];
}
