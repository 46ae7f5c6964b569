import { isUtf8 } from 'node:buffer';

const MAX_DEPTH = 32;
/** Far more than a notification needs; keys that collide in the engine's tables stay cheap below it. */
const MAX_KEYS = 10_000;
/** No double has more digits that mean something. */
const MAX_SIGNIFICANT_DIGITS = 17;

export type StrictJson =
  | { readonly isValid: true; readonly value: unknown }
  | { readonly isValid: false; readonly fault: string };

/**
 * JSON that means one thing only and survives being written again, or a fault in words. Refused besides what `JSON.parse` refuses:
 * bytes that are not UTF-8, lone surrogates, NUL (Postgres cannot keep it), numbers that a double cannot hold, a key that stands
 * twice, keys that reach for a prototype, more than 32 levels, more than `maxKeys` keys.
 */
export function parseStrictJson(bytes: Buffer, maxKeys: number = MAX_KEYS): StrictJson {
  if (!isUtf8(bytes)) return fault('the body is not valid UTF-8');
  const text = bytes.toString('utf8');
  const scan = scanText(text, maxKeys);
  if (typeof scan === 'string') return fault(scan);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fault('the body is not valid JSON');
  }
  const walk: Walk = { keys: 0, isLookingAtText: text.includes('\\u'), fault: null };
  visit(value, walk);
  if (walk.fault !== null) return fault(walk.fault);
  // JSON.parse keeps the last of equal keys: fewer keys came out than colons stood in the text.
  if (walk.keys !== scan.keys) return fault('an object has the same key twice');
  return { isValid: true, value };
}

function fault(text: string): StrictJson {
  return { isValid: false, fault: text };
}

/** Counts keys and checks depth and numbers before anything is built; the fault in words when there is one. */
function scanText(text: string, maxKeys: number): { keys: number } | string {
  let depth = 0;
  let keys = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22: {
        at = endOfString(text, at);
        break;
      }
      case 0x3a: {
        if (++keys > maxKeys) return `the body has more than ${maxKeys} keys`;
        break;
      }
      case 0x7b:
      case 0x5b: {
        if (++depth > MAX_DEPTH) return `the body is nested deeper than ${MAX_DEPTH} levels`;
        break;
      }
      case 0x7d:
      case 0x5d: {
        depth--;
        break;
      }
      default: {
        if (!isNumberPart(text.charCodeAt(at))) break;
        const end = endOfNumber(text, at);
        if (end - at > 1 && !isKeptExactly(text.slice(at, end)))
          return 'a number is larger or finer than a double can hold; send it as text';
        at = end - 1;
      }
    }
  }
  return { keys };
}

/** Position of the closing quote; the end of the text when there is none (JSON.parse will say so). */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return quote;
  }
  return text.length;
}

function endOfNumber(text: string, start: number): number {
  let end = start + 1;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    const isExponent = code === 0x65 || code === 0x45;
    if (!isNumberPart(code) && code !== 0x2e && code !== 0x2b && !isExponent) break;
  }
  return end;
}

function isNumberPart(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2d;
}

function isKeptExactly(token: string): boolean {
  const isPlain = token.length <= 15 && !/[eE]/.test(token);
  if (isPlain) return true;
  const value = Number(token);
  // Not a number at all: JSON.parse refuses it in a moment.
  if (Number.isNaN(value)) return true;
  if (!Number.isFinite(value)) return false;
  if (!/[.eE]/.test(token)) return Number.isSafeInteger(value);
  const [mantissa = ''] = token.split(/[eE]/, 1);
  const digits = mantissa.replace(/[-.]/g, '').replace(/^0+|0+$/g, '');
  return digits.length <= MAX_SIGNIFICANT_DIGITS && (value !== 0 || digits === '');
}

interface Walk {
  keys: number;
  readonly isLookingAtText: boolean;
  fault: string | null;
}

/** Depth is known to be small here, so recursion is safe. */
function visit(value: unknown, walk: Walk): void {
  if (walk.fault !== null) return;
  if (typeof value === 'string') {
    if (walk.isLookingAtText) walk.fault = faultOfText(value);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) visit(item, walk);
    return;
  }
  for (const [key, member] of Object.entries(value)) {
    walk.keys++;
    if (key === '__proto__' || (key === 'constructor' && hasPrototypeKey(member))) {
      walk.fault = `the key "${key}" is not taken`;
      return;
    }
    if (walk.isLookingAtText) walk.fault ??= faultOfText(key);
    visit(member, walk);
  }
}

function hasPrototypeKey(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype');
}

function faultOfText(text: string): string | null {
  if (!text.isWellFormed()) return 'a text holds half of a surrogate pair';
  return text.includes('\0') ? 'a text holds the character NUL' : null;
}
