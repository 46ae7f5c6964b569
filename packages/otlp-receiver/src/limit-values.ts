import type { Attributes, AttributeValue } from '@tracepost/contracts';
import { MAX_ATTRIBUTES, MAX_DEPTH, MAX_KEY_CHARACTERS, MAX_VALUE_BYTES, TRUNCATED } from './limits.ts';

/** Gives the same object when all of it fits, else a copy that does, with `tracepost.truncated`. */
export function limitAttributes(attributes: Attributes): Attributes {
  return attributesFit(attributes) ? attributes : cutAttributes(attributes);
}

export function attributesFit(attributes: Attributes): boolean {
  let count = 0;
  for (const key in attributes) {
    count += 1;
    if (count > MAX_ATTRIBUTES || !isKey(key) || !valueFits(attributes[key], MAX_VALUE_BYTES)) return false;
  }
  return true;
}

export function valueFits(value: AttributeValue | undefined, maxBytes: number): boolean {
  if (typeof value === 'string') return stringFits(value, maxBytes);
  return typeof value !== 'object' || value === null || measure(value, maxBytes, 1) >= 0;
}

/** Strings end at a whole character; lists and maps keep what fits, from the front. */
export function cutValue(value: AttributeValue, maxBytes: number): AttributeValue {
  return valueFits(value, maxBytes) ? value : cut(value, { left: maxBytes }, 1);
}

export function cutString(text: string, maxBytes: number): string {
  if (stringFits(text, maxBytes)) return text;
  const bytes = Buffer.from(text.slice(0, maxBytes));
  let end = maxBytes;
  // A byte 10xxxxxx continues a character: step back to where that began.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}

/** A part of a list that was written as many attributes (`gen_ai.prompt.7.content`): the first to be left out. */
export function isOneOfMany(key: string): boolean {
  return /\.\d+(\.|$)/.test(key);
}

function cutAttributes(attributes: Attributes): Attributes {
  const keys = Object.keys(attributes).filter(isKey);
  // One place is left for the flag.
  const most = MAX_ATTRIBUTES - 1;
  const leftOut = new Set(keys.length > most ? keys.filter(isOneOfMany).slice(-(keys.length - most)) : []);
  const kept: Record<string, AttributeValue> = {};
  for (const key of keys.filter((one) => !leftOut.has(one)).slice(0, most))
    kept[key] = cutValue(attributes[key] ?? null, MAX_VALUE_BYTES);
  kept[TRUNCATED] = true;
  return kept;
}

function isKey(key: string): boolean {
  return key.length <= MAX_KEY_CHARACTERS && key !== '' && key !== '__proto__';
}

function stringFits(text: string, maxBytes: number): boolean {
  // No character of UTF-16 takes more than three bytes of UTF-8: most strings need no counting.
  return text.length * 3 <= maxBytes || (text.length <= maxBytes && Buffer.byteLength(text) <= maxBytes);
}

/** What is left of `budget` after `value`; negative when it does not fit or is nested too deep. */
function measure(value: AttributeValue, budget: number, depth: number): number {
  if (typeof value === 'string') return budget - Buffer.byteLength(value) - 1;
  if (typeof value !== 'object' || value === null) return budget - 8;
  if (depth > MAX_DEPTH) return -1;
  let left = budget;
  for (const key in value) {
    if (key === '__proto__') return -1;
    left -= Array.isArray(value) ? 1 : key.length + 1;
    if (left >= 0) left = measure((value as Record<string, AttributeValue>)[key] as AttributeValue, left, depth + 1);
    if (left < 0) return left;
  }
  return left;
}

function cut(value: AttributeValue, budget: { left: number }, depth: number): AttributeValue {
  if (typeof value === 'string') {
    const kept = cutString(value, Math.max(0, budget.left));
    budget.left -= Buffer.byteLength(kept) + 1;
    return kept;
  }
  if (typeof value !== 'object' || value === null) {
    budget.left -= 8;
    return value;
  }
  if (depth > MAX_DEPTH) return null;
  if (Array.isArray(value)) {
    const kept: AttributeValue[] = [];
    for (const item of value) {
      budget.left -= 1;
      if (budget.left <= 8) break;
      kept.push(cut(item, budget, depth + 1));
    }
    return kept;
  }
  const kept: Record<string, AttributeValue> = {};
  for (const [key, item] of Object.entries(value)) {
    budget.left -= key.length + 1;
    if (budget.left <= 8) break;
    if (key !== '__proto__') kept[key] = cut(item, budget, depth + 1);
  }
  return kept;
}
