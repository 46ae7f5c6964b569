import { parseArgs } from 'node:util';
import { UsageError } from './failures.ts';
import { parseTimeSpan } from './time-span.ts';

export interface OptionSpec {
  /** Of what follows the option, for the help; none for a switch. */
  readonly value?: string;
  readonly about: string;
  /** It may be given more than once. */
  readonly several?: true;
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** What was written after the command, read as what it has to be. Everything throws `UsageError` with what would be right. */
export interface Arguments {
  readonly positionals: readonly string[];
  has(name: string): boolean;
  text(name: string): string | undefined;
  /** Of an option that may be given several times; undefined when it was not given at all. */
  texts(name: string): readonly string[] | undefined;
  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined;
  integer(name: string, limits: { readonly min: number; readonly max: number }): number | undefined;
  /** `30s`, `1500ms`, `5m`, `2h`, `7d` as milliseconds. */
  timeSpan(name: string): number | undefined;
}

/** Throws `UsageError` for an option that is not among `specs`, or a value where none belongs. */
export function readArguments(args: readonly string[], specs: OptionSpecs): Arguments {
  const { values, positionals } = parse(args, specs);
  const text = (name: string): string | undefined => {
    const value = values[name];
    if (value === '') throw new UsageError(`--${name} is empty`);
    return typeof value === 'string' ? value : undefined;
  };
  return {
    positionals,
    text,
    texts(name) {
      const list = values[name];
      if (!Array.isArray(list)) return undefined;
      if (list.includes('')) throw new UsageError(`--${name} is empty`);
      return list.map(String);
    },
    has: (name) => values[name] === true,
    oneOf(name, words) {
      const value = text(name);
      const word = words.find((one) => one === value);
      if (value === undefined || word !== undefined) return word;
      throw new UsageError(`--${name} is "${value}"; it has to be one of ${words.join(', ')}`);
    },
    integer(name, { min, max }) {
      const value = text(name);
      if (value === undefined) return undefined;
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= min && number <= max) return number;
      throw new UsageError(`--${name} is "${value}"; it has to be a whole number from ${min} to ${max}`);
    },
    timeSpan(name) {
      const value = text(name);
      if (value === undefined) return undefined;
      const ms = parseTimeSpan(value);
      if (ms !== null) return ms;
      throw new UsageError(`--${name} is "${value}"; it has to be a time with its unit, such as 1500ms, 30s, 5m or 2h`);
    },
  };
}

function parse(args: readonly string[], specs: OptionSpecs) {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value, several = false }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const), multiple: several, ...SHORT[name] },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(sentenceOf(error, Object.keys(specs)), { cause: error });
  }
}

const SHORT: Readonly<Record<string, { readonly short: string }>> = { help: { short: 'h' } };

function sentenceOf(error: unknown, names: readonly string[]): string {
  const message = error instanceof Error ? error.message : String(error);
  // Node goes on about `--`, which nobody meant.
  const [first = message] = message.split(/\. |\n/);
  const isUnknown = (error as { code?: unknown }).code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION';
  return isUnknown ? `${first}; there are ${names.map((name) => `--${name}`).join(', ')}` : first;
}
