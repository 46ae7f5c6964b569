import { hash } from 'node:crypto';

/**
 * SHA-256 of what a JSON body means: neither white space nor the order of keys counts, so that a client that writes its body anew for a
 * retry is understood. Every number is the double that it was read as, as in RFC 8785.
 */
export function bodyHash(body: unknown): string {
  return hash('sha256', JSON.stringify(body, withSortedKeys), 'hex');
}

function withSortedKeys(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = value as Record<string, unknown>;
  return Object.fromEntries(
    Object.keys(members)
      .sort()
      .map((name) => [name, members[name]]),
  );
}
