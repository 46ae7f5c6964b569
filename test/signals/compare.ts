/** One place at which two answers are not the same. */
export interface Difference {
  /** JSON pointer; `''` is the whole answer. */
  readonly pointer: string;
  readonly embedded: unknown;
  readonly full: unknown;
}

/** Every place at which they differ; lists of different lengths differ as a whole. */
export function differencesOf(embedded: unknown, full: unknown, pointer = ''): Difference[] {
  if (Object.is(embedded, full)) return [];
  if (Array.isArray(embedded) && Array.isArray(full) && embedded.length === full.length)
    return embedded.flatMap((value, at) => differencesOf(value, full[at], `${pointer}/${at}`));
  if (isMap(embedded) && isMap(full)) {
    const keys = new Set([...Object.keys(embedded), ...Object.keys(full)]);
    return [...keys].flatMap((key) => differencesOf(embedded[key], full[key], `${pointer}/${escapePart(key)}`));
  }
  return [{ pointer, embedded, full }];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function escapePart(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
