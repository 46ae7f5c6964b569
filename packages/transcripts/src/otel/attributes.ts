import type { Attributes, AttributeValue } from '@tracepost/contracts';
import { MAX_CALL_TOKENS } from '@tracepost/contracts/token-usage';
import { isDeeper } from '../lines/json-depth.ts';

/** The first of these attributes that says something, as text. */
export function textAt(attributes: Attributes, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = attributes[name];
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  }
  return null;
}

/** The first that is a count; exporters write numbers as text too. What cannot be a count is passed over. */
export function countAt(attributes: Attributes, ...names: readonly string[]): number | null {
  for (const name of names) {
    const count = countOf(attributes[name]);
    if (count !== null) return count;
  }
  return null;
}

export function countOf(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{1,15}(\.0+)?$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 && number <= MAX_CALL_TOKENS
    ? number
    : null;
}

/** Whether it is a number that is none of tokens. What is missing, and what is no number at all, says nothing. */
export function isNoCount(value: unknown): boolean {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && !Number.isNaN(number) && countOf(value) === null;
}

/** The first of these attributes that is there; text that holds JSON as the value it stands for. */
export function valueAt(attributes: Attributes, ...names: readonly string[]): unknown {
  for (const name of names) {
    const value = attributes[name];
    if (value !== undefined && value !== null && value !== '') return parsed(value);
  }
  return undefined;
}

/** JSON in a text, as most dialects write what is no plain value; anything else as it is. */
export function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const first = value.trimStart()[0];
  if (first !== '{' && first !== '[') return value;
  // What walks through it does so by calling itself.
  if (isDeeper(value, DEEPEST_JSON)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** MLflow writes every value as JSON, plain text too. */
export function unquoted(text: string): string {
  if (text[0] !== '"') return text;
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** A list that was written as many attributes (`prefix.0.role`, `prefix.0.content`, …), as lists and objects again; null: none. */
export function listAt(attributes: Attributes, prefix: string): readonly unknown[] | null {
  const root: Branch = new Map();
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith(`${prefix}.`)) grow(root, name.slice(prefix.length + 1).split('.'), value);
  }
  return root.size === 0 ? null : Object.values(asObject(root));
}

type Branch = Map<string, Branch | AttributeValue>;
const DEEPEST = 16;
const DEEPEST_JSON = 200;

function grow(root: Branch, path: readonly string[], value: AttributeValue): void {
  let branch = root;
  for (const step of path.slice(0, Math.min(path.length, DEEPEST) - 1)) {
    const next = branch.get(step);
    const child: Branch = next instanceof Map ? next : new Map();
    if (child !== next) branch.set(step, child);
    branch = child;
  }
  branch.set(path.at(-1) ?? '', value);
}

/** With numbers as names a list; without a prototype, since the names are anybody's. Numbers come in their order. */
function asObject(branch: Branch): Record<string, unknown> {
  const object: Record<string, unknown> = Object.create(null);
  for (const [name, value] of branch) object[name] = value instanceof Map ? listOrObject(value) : value;
  return object;
}

function listOrObject(branch: Branch): unknown {
  const isList = [...branch.keys()].every((name) => /^\d{1,6}$/.test(name));
  return isList ? Object.values(asObject(branch)) : asObject(branch);
}
