import { hash } from 'node:crypto';
import { canonicalJson } from '../canonical-json.ts';

/**
 * SHA-256 of what a JSON body means, so that a client that writes its body anew for a retry is understood. Every number is the double that it
 * was read as, as in RFC 8785.
 */
export function bodyHash(body: unknown): string {
  return hash('sha256', canonicalJson(body), 'hex');
}
