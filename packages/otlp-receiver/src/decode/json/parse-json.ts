import { MalformedError } from '../malformed-error.ts';

/** Deep enough for values nested as deep as is allowed, each level of which is four of JSON. */
const MAX_LEVELS = 160;
const PARTS_OF_ANY_REQUEST = 10_000;
const BYTES_PER_PART = 8;
/** A number with so many digits may be one that a double cannot hold. */
const MANY_DIGITS = 16;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON of a request as it is, except that whole numbers which a double cannot hold become texts, as OTLP writes them anyway. The bytes
 * are looked over first: parsed, a few megabytes of brackets would weigh hundreds. Throws `MalformedError`.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const { hasLongNumbers } = lookOver(bytes);
  try {
    const text = UTF8.decode(bytes);
    // The types of TypeScript do not know yet that a reviver is told the source.
    return hasLongNumbers ? JSON.parse(text, keepDigits as never) : JSON.parse(text);
  } catch (error) {
    // Not the parser's own words: they hold pieces of what was sent.
    throw new MalformedError(error instanceof SyntaxError ? 'it is no JSON' : 'it is no UTF-8');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

function lookOver(bytes: Uint8Array): { readonly hasLongNumbers: boolean } {
  const maxParts = PARTS_OF_ANY_REQUEST + Math.floor(bytes.length / BYTES_PER_PART);
  let levels = 0;
  let objects = 0;
  let keys = 0;
  let digits = 0;
  let hasLongNumbers = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= 0x30 && byte <= 0x39) {
      digits += 1;
      if (digits >= MANY_DIGITS) hasLongNumbers = true;
      continue;
    }
    digits = 0;
    if (byte === QUOTE) at = endOfText(bytes, at);
    else if (byte === COLON) keys += 1;
    else if (byte === 0x7b || byte === 0x5b) {
      objects += 1;
      levels += 1;
      if (levels > MAX_LEVELS) throw new MalformedError('values are nested too deep', 'too_deep');
    } else if (byte === 0x7d || byte === 0x5d) levels -= 1;
    else if (byte !== COMMA) continue;
    if (objects > maxParts || keys > maxParts)
      throw new MalformedError('too many parts for its size', 'too_many_parts');
  }
  return { hasLongNumbers };
}

/** Where the text that begins here ends. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

function keepDigits(_key: string, value: unknown, { source }: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
  return /^-?\d+$/.test(source) ? source : value;
}
