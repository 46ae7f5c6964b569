/** What was thrown, in texts of bounded length. */
export interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
}

const LONGEST_MESSAGE = 4_000;
const LONGEST_STACK = 16_000;

/** Anything can be thrown: what has no text, an error whose message is none, one that quotes a whole file. Never throws itself. */
export function describeThrown(error: unknown): Thrown {
  if (!(error instanceof Error)) return { name: 'Error', message: cut(textOf(error), LONGEST_MESSAGE) };
  const { name, message, stack }: { name: unknown; message: unknown; stack?: unknown } = error;
  return {
    name: textOf(name),
    message: cut(textOf(message), LONGEST_MESSAGE),
    ...(typeof stack === 'string' ? { stack: cut(stack, LONGEST_STACK) } : {}),
  };
}

function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest).toWellFormed()}… (${text.length} characters)`;
}
