import type { SessionToolCall, ToolCategory } from '@tracepost/contracts';

export type CategoryOf = (tool: string) => ToolCategory;

const COMMAND_KEYS = ['command', 'cmd', 'commands', 'script', 'code', 'input', 'chars'];
const MAX_CHARACTERS = 2_048;

/** What a tool that runs programs was asked to run; null: it is not such a tool. An empty text: it is, and what it ran is not to be seen. */
export function commandOf(
  { name, arguments: text }: Pick<SessionToolCall, 'name' | 'arguments'>,
  categoryOf: CategoryOf,
): string | null {
  if (categoryOf(name) !== 'execute') return null;
  const given = parsed(text);
  if (typeof given === 'string') return given.slice(0, MAX_CHARACTERS);
  if (typeof given !== 'object' || given === null) return '';
  const values = given as Readonly<Record<string, unknown>>;
  for (const key of COMMAND_KEYS) {
    const value = values[key];
    if (typeof value === 'string') return value.slice(0, MAX_CHARACTERS);
    if (Array.isArray(value)) return argv(value).slice(0, MAX_CHARACTERS);
  }
  return null;
}

/** One simple command of a line: its program without folder, and all its words. */
export interface ShellPart {
  readonly program: string;
  readonly words: readonly string[];
  /** It puts what it prints into a file. */
  readonly redirects: boolean;
}

const WRAPPERS = new Set([
  ...['sudo', 'time', 'env', 'nohup', 'exec', 'command', 'npx', 'nice', 'xargs'],
  // Words of the shell in front of what it runs.
  ...['if', 'then', 'elif', 'else', 'while', 'until', 'do', '!', '{'],
]);

/** Of the shell itself: what begins and ends a loop or a condition, and what changes nothing but the shell. */
export const CONTROL_WORDS: ReadonlySet<string> = new Set(
  'for case select done fi esac } ) [ [[ : exit return set unset export local read shift break continue'.split(' '),
);

/** The commands of a line, in order; separators and redirections inside quotes are text. */
export function shellParts(command: string): readonly ShellPart[] {
  const parts: ShellPart[] = [];
  let words: string[] = [];
  let word = '';
  let quote = '';
  let redirects = false;
  const endWord = () => {
    if (word !== '') words.push(word);
    word = '';
  };
  const endPart = () => {
    endWord();
    const part = partOf(words, redirects);
    if (part) parts.push(part);
    words = [];
    redirects = false;
  };
  const text = command.slice(0, MAX_CHARACTERS);
  for (let at = 0; at < text.length; at++) {
    const character = text[at] as string;
    if (quote !== '') {
      if (character === quote) quote = '';
      else word += character;
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '\\') word += text[++at] ?? '';
    else if (character === '>') {
      // `2>&1`, `>/dev/null` and the like change no file that anybody would read.
      const target = text.slice(at + 1, at + 14).replace(/^>?\s*/, '');
      if (!target.startsWith('&') && !target.startsWith('/dev/null')) redirects = true;
      endWord();
      if (target.startsWith('&')) at += text.slice(at + 1).indexOf('&') + 1;
    } else if ('|;&\n()'.includes(character)) endPart();
    else if (character === ' ' || character === '\t') endWord();
    else word += character;
  }
  endPart();
  return parts;
}

function partOf(words: readonly string[], redirects: boolean): ShellPart | null {
  let from = 0;
  while (from < words.length) {
    const word = words[from] as string;
    const isTimeout = word === 'timeout' && from + 1 < words.length;
    if (WRAPPERS.has(word) || /^\w+=/.test(word)) from++;
    else if (isTimeout) {
      from++;
      while (/^-|^\d/.test(words[from] ?? '')) from++;
    } else break;
  }
  const first = words[from];
  if (first === undefined) return null;
  return { program: first.slice(first.lastIndexOf('/') + 1), words: words.slice(from), redirects };
}

/** `['bash', '-lc', 'ls']` is the line `ls`. */
function argv(value: readonly unknown[]): string {
  const words = value.filter((word) => typeof word === 'string');
  const isShell = /^(?:.*\/)?(?:ba|z|da)?sh$/.test(words[0] ?? '') && /^-\w*c$/.test(words[1] ?? '');
  return isShell ? (words[2] ?? '') : words.join(' ');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Cut off, or no JSON: the command stands in it all the same.
    return /"(?:command|cmd|script|code|input)"\s*:\s*"(.{0,2000})/s.exec(text)?.[1]?.replaceAll('\\n', '\n') ?? text;
  }
}
