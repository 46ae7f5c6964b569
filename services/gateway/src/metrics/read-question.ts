import type { FieldFault } from '../http/problem.ts';

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `30s`, `5m`, `1h`, `1d`; the schema has seen to the form. */
export function readEvery(text: string | undefined): number | null {
  if (text === undefined) return null;
  return Number(text.slice(0, -1)) * (UNITS_MS[text.slice(-1)] ?? 0);
}

/** Words separated by commas, each once. */
export function readList(text: string | undefined): string[] {
  const words = (text ?? '').split(',').map((word) => word.trim());
  return [...new Set(words.filter((word) => word !== ''))];
}

/** Conditions `key:value`, joined by and; the key ends at the first colon. */
export function readWhere(
  where: string | readonly string[] | undefined,
): { readonly where: Readonly<Record<string, string>> } | { readonly fault: FieldFault } {
  const conditions = new Map<string, string>();
  for (const text of typeof where === 'string' ? [where] : (where ?? [])) {
    const colon = text.indexOf(':');
    if (colon < 1) return { fault: { pointer: '/where', message: 'has to be key:value, once or several times' } };
    const [key, value] = [text.slice(0, colon), text.slice(colon + 1)];
    if (conditions.has(key) && conditions.get(key) !== value)
      return { fault: { pointer: '/where', message: `asks for two values of "${key}", and no series has both` } };
    conditions.set(key, value);
  }
  // Any text may be a key, `__proto__` too.
  return { where: Object.fromEntries(conditions) };
}
