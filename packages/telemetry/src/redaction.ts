import { hash } from 'node:crypto';
import type { Attributes, AttributeValue } from '@tracepost/contracts';

/** Keys whose value never leaves the process; the collector has the same list. A bare `token` would hide token counts. */
const DENIED_KEY = /(^|[._-])(password|passwd|secret|authorization|cookie|set-cookie|api[_-]?key|access[_-]?token)$/i;
/** Every run of letters matches, an address or not: without that, a long text of letters is searched again from each of them. */
const E_MAIL_OR_WORD = /[\w.+-]+(@[\w-]+\.[A-Za-z][\w.]+)?/g;
const CARD = /\b4[0-9]{12}(?:[0-9]{3})?\b/g;
const BEARER = /bearer\s+[a-z0-9._-]+/gi;
const MASK = '****';
/** Who it was is nobody's business; that it was the same person is. */
const PERSON_KEY = /^(enduser|user)\.id$/;
const HASHED = /^sha256:[0-9a-f]{16}$/;

export function redactText(text: string): string {
  // The usual line holds neither: one cheap look saves three scans.
  if (!text.includes('@') && !/4\d{12}|bearer/i.test(text)) return text;
  const open = text.includes('@') ? text.replace(E_MAIL_OR_WORD, maskEMail) : text;
  return open.replace(CARD, MASK).replace(BEARER, MASK);
}

function maskEMail(match: string, domain: string | undefined): string {
  return domain === undefined ? match : MASK;
}

/** The value as it may leave the process: masked when its key is denied, without what looks like a secret otherwise. */
export function redactField(key: string, value: string | number | boolean): string | number | boolean {
  const kind = kindOf(key);
  if (kind === 'denied') return MASK;
  if (kind === 'person') return hashPerson(value);
  return typeof value === 'string' ? redactText(value) : value;
}

/** The same for what came from elsewhere, nested too; gives the same object when there was nothing to mask. */
export function redactAttributes(attributes: Attributes): Attributes {
  let masked: Record<string, AttributeValue> | null = null;
  for (const key in attributes) {
    const value = attributes[key] as AttributeValue;
    const safe = redactKeyed(key, value);
    if (safe === value) continue;
    masked ??= { ...attributes };
    masked[key] = safe;
  }
  return masked ?? attributes;
}

export function redactValue(value: AttributeValue): AttributeValue {
  if (typeof value === 'string') return redactText(value);
  // A card number may come as a number; shorter ones, such as counts and times in milliseconds, stay what they are.
  if (typeof value === 'number') return value >= 4e12 && redactText(String(value)) === MASK ? MASK : value;
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value)) return redactAttributes(value as Attributes);
  const safe = value.map(redactValue);
  return safe.some((item, at) => item !== value[at]) ? safe : value;
}

function redactKeyed(key: string, value: AttributeValue): AttributeValue {
  const kind = kindOf(key);
  if (kind === 'denied') return MASK;
  if (kind === 'person' && value !== null) return hashPerson(typeof value === 'object' ? JSON.stringify(value) : value);
  return redactValue(value);
}

/** The same for the same person, wherever it is hashed; once hashed it stays as it is. */
function hashPerson(value: string | number | boolean): string {
  const text = String(value);
  return HASHED.test(text) ? text : `sha256:${hash('sha256', text, 'hex').slice(0, 16)}`;
}

type KeyKind = 'open' | 'denied' | 'person';
const keys = new Map<string, KeyKind>();

/** The same few keys come again and again: each is matched once. */
function kindOf(key: string): KeyKind {
  const known = keys.get(key);
  if (known !== undefined) return known;
  // Keys of strangers have no bound.
  if (keys.size >= 10_000) keys.clear();
  const kind = DENIED_KEY.test(key) ? 'denied' : PERSON_KEY.test(key) ? 'person' : 'open';
  keys.set(key, kind);
  return kind;
}
