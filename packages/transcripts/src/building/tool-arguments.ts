import type { SessionToolCall } from '@tracepost/contracts';
import { shortHash } from './short-hash.ts';
import type { TextBudget } from './text-budget.ts';
import type { Fields } from './values.ts';

export type ArgumentFields = Pick<SessionToolCall, 'arguments' | 'argumentsHash' | 'argumentBytes' | 'argumentCount'>;

/**
 * What is kept of the arguments of a tool call. `value` is the parsed value, or text: text that is JSON is read as such, so that two
 * formats that write the same arguments differently have the same hash.
 */
export function argumentFields(value: unknown, texts: TextBudget): ArgumentFields {
  const parsed = typeof value === 'string' ? parsedOr(value) : value;
  const { text, canonical } = typeof value === 'string' ? ofText(value, parsed) : ofValue(value);
  return {
    arguments: texts.tool(text),
    argumentsHash: shortHash(canonical, 16),
    argumentBytes: Buffer.byteLength(text),
    argumentCount: argumentCount(parsed),
  };
}

interface Written {
  readonly text: string;
  /** With the members of every object in one order. */
  readonly canonical: string;
}

function ofText(text: string, parsed: unknown): Written {
  return { text, canonical: isInOrder(parsed) ? JSON.stringify(parsed) : sortedJson(parsed) };
}

/** What one argument holds may be a whole file: it is written out once, for both. */
function ofValue(value: unknown): Written {
  if (isInOrder(value) || Array.isArray(value)) {
    const text = JSON.stringify(value) ?? '';
    return { text, canonical: isInOrder(value) ? text : sortedJson(value) };
  }
  let text = '';
  const members = new Map<string, string>();
  for (const [name, member] of Object.entries(value as Fields)) {
    const json = JSON.stringify(member);
    if (json === undefined) continue;
    text += `${text === '' ? '' : ','}${quoted(name)}:${json}`;
    members.set(name, isInOrder(member) ? json : sortedJson(member));
  }
  return { text: `{${text}}`, canonical: objectJson(members) };
}

/** Of a tool call of which only the result is known. */
export const NO_ARGUMENTS: ArgumentFields = Object.freeze({
  arguments: '',
  argumentsHash: '',
  argumentBytes: 0,
  argumentCount: 0,
});

function parsedOr(text: string): unknown {
  const first = text.trimStart()[0];
  if (first !== '{' && first !== '[') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Of an object its members, of a list its items, of nothing none, of anything else one. */
function argumentCount(value: unknown): number {
  if (value === null || value === undefined || value === '') return 0;
  return typeof value === 'object' ? Object.keys(value).length : 1;
}

/** Most arguments are few and stand in order already. */
function isInOrder(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return true;
  if (Array.isArray(value)) return value.every(isInOrder);
  let before = '';
  for (const name of Object.keys(value)) {
    if (name < before || !isInOrder((value as Fields)[name])) return false;
    before = name;
  }
  return true;
}

/** JSON text with the members of every object in one order; other readers make ids of it. */
export function sortedJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(',')}]`;
  const members = new Map<string, string>();
  for (const [name, member] of Object.entries(value)) if (member !== undefined) members.set(name, sortedJson(member));
  return objectJson(members);
}

function objectJson(members: ReadonlyMap<string, string>): string {
  let text = '';
  for (const name of [...members.keys()].sort()) {
    text += `${text === '' ? '' : ','}${quoted(name)}:${members.get(name)}`;
  }
  return `{${text}}`;
}

const MOST_NAMES = 1000;
const LONGEST_NAME = 64;
const quotedNames = new Map<string, string>();

/** Tools have few arguments, and each of them in call after call. */
function quoted(name: string): string {
  let text = quotedNames.get(name);
  if (text !== undefined) return text;
  text = JSON.stringify(name);
  if (quotedNames.size < MOST_NAMES && name.length <= LONGEST_NAME) quotedNames.set(name, text);
  return text;
}
