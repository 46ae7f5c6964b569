import { readFileSync } from 'node:fs';

/** One setting: where it comes from, what it may be, and what it is for (docs/reference is made from this). */
export interface Field<T> {
  readonly variable: string;
  readonly about: string;
  /** What is right, in words, for the fault message: "a whole number from 0 to 65535". */
  readonly expects: string;
  readonly defaultText: string | null;
  /** Gives the value, or `undefined` when the text is not right. */
  parse(text: string): T | undefined;
}

interface Options {
  readonly about: string;
  /** Without one the variable has to be set. */
  readonly default?: string;
}

export function text(variable: string, { about, default: fallback }: Options): Field<string> {
  return field(variable, about, 'a text that is not empty', fallback, (value) => (value === '' ? undefined : value));
}

export function port(variable: string, { about, default: fallback }: Options): Field<number> {
  return field(variable, about, 'a port, a whole number from 0 (any free one) to 65535', fallback, (value) =>
    wholeNumber(value, 0, 65_535),
  );
}

export function integer(
  variable: string,
  { about, default: fallback, min, max }: Options & { readonly min: number; readonly max: number },
): Field<number> {
  return field(variable, about, `a whole number from ${min} to ${max}`, fallback, (value) =>
    wholeNumber(value, min, max),
  );
}

export function flag(variable: string, { about }: { readonly about: string }): Field<boolean> {
  return field(variable, about, '1 or 0', '0', (value) => (value === '1' ? true : value === '0' ? false : undefined));
}

export function oneOf<const T extends string>(
  variable: string,
  values: readonly T[],
  { about, default: fallback }: Options,
): Field<T> {
  return field(variable, about, `one of ${values.join(', ')}`, fallback, (value) =>
    values.find((known) => known === value),
  );
}

export function url(variable: string, { about, default: fallback }: Options): Field<string> {
  return field(variable, about, 'a URL such as http://host:port', fallback, (value) =>
    URL.canParse(value) ? value.replace(/\/$/, '') : undefined,
  );
}

/** Comma-separated; the empty text is the empty list. */
export function list(variable: string, { about, default: fallback }: Options): Field<readonly string[]> {
  return field(variable, about, 'words separated by commas', fallback, (value) =>
    value
      .split(',')
      .map((word) => word.trim())
      .filter((word) => word !== ''),
  );
}

/** The value is the content of a file, so that a secret stands in no environment and no process list. */
export function secretFile(variable: string, { about, default: fallback }: Options): Field<string> {
  return field(variable, about, 'a path to a readable file that holds the secret', fallback, (path) => {
    try {
      const secret = readFileSync(path, 'utf8').trim();
      return secret === '' ? undefined : secret;
    } catch {
      return undefined;
    }
  });
}

function field<T>(
  variable: string,
  about: string,
  expects: string,
  fallback: string | undefined,
  parse: (text: string) => T | undefined,
): Field<T> {
  return { variable, about, expects, defaultText: fallback ?? null, parse };
}

function wholeNumber(value: string, min: number, max: number): number | undefined {
  if (!/^\d{1,15}$/.test(value)) return undefined;
  const number = Number(value);
  return number >= min && number <= max ? number : undefined;
}
