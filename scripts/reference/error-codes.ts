import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { code, table } from './table.ts';

const ROOT = join(import.meta.dirname, '../..');

export interface ErrorCode {
  readonly code: string;
  readonly className: string;
  readonly about: string;
  /** From the root of the repository. */
  readonly file: string;
}

export function errorCodesPage(): string {
  const rows = findErrorCodes().map(({ code: name, className, about, file }) => [
    code(name),
    `[${className}](../../${file})`,
    about,
  ]);
  return `# Error codes

Every class of errors that the code throws, by its \`code\` (room, then what happened). Where one ends the start of a service, its sentence
is all that is printed. What the API answers to its callers are the [problems](problems.md).

${table(['code', 'class', 'means'], rows)}
`;
}

/** Sorted by code. Throws when a class with a code does not say in a docstring what it means. */
export function findErrorCodes(): ErrorCode[] {
  return sourceFiles()
    .flatMap((file) => readErrorCodes(relative(ROOT, file), readFileSync(file, 'utf8')))
    .sort((one, other) => (one.code < other.code ? -1 : 1));
}

function readErrorCodes(file: string, source: string): ErrorCode[] {
  return [...source.matchAll(/^ {2}readonly code = '([^']*)'/gm)].map((match) => {
    const before = source.slice(0, match.index);
    // Of all classes before it, the last one is its own.
    const [head] = [
      ...before.matchAll(/^(?:\/\*\*(?<doc>(?:(?!\*\/).)*)\*\/\n)?(?:export )?class (?<name>\w+)/gms),
    ].slice(-1);
    const about = head?.groups?.doc?.replaceAll(/^\s*\* ?/gm, '');
    if (!head?.groups?.name || !about) throw new Error(`${file}: the class of ${match[1]} does not say what it means`);
    return { code: match[1] ?? '', className: head.groups.name, about, file };
  });
}

function sourceFiles(): string[] {
  return ['packages', 'services'].flatMap((parent) =>
    readdirSync(join(ROOT, parent)).flatMap((room) => {
      const folder = join(ROOT, parent, room, 'src');
      return readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
        .map((name) => join(folder, name));
    }),
  );
}
