import { MalformedError } from '../malformed-error.ts';

/** Deep enough for values nested as deep as is allowed, each level of which is four of JSON. */
const MAX_LEVELS = 160;
const PARTS_OF_ANY_REQUEST = 10_000;
const BYTES_PER_PART = 8;
/** A whole number of so many digits may be one that a double cannot hold. */
const MANY_DIGITS = 16;

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The JSON of a request as it is, except that whole numbers which a double may not hold become texts, as OTLP writes them anyway. The bytes
 * are looked over first: parsed, a few megabytes of brackets would weigh hundreds. Throws `MalformedError`.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const longNumbers = lookOver(bytes);
  try {
    return JSON.parse(UTF8.decode(longNumbers.length === 0 ? bytes : quote(bytes, longNumbers)));
  } catch (error) {
    // Not the parser's own words: they hold pieces of what was sent.
    throw new MalformedError(error instanceof SyntaxError ? 'it is no JSON' : 'it is no UTF-8');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Gives where long whole numbers begin and end, in turns. */
function lookOver(bytes: Uint8Array): readonly number[] {
  const maxParts = PARTS_OF_ANY_REQUEST + Math.floor(bytes.length / BYTES_PER_PART);
  const longNumbers: number[] = [];
  let levels = 0;
  let objects = 0;
  let keys = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (isDigit(byte)) {
      const end = endOfDigits(bytes, at);
      if (end - at >= MANY_DIGITS && isWhole(bytes, at, end)) longNumbers.push(at, end);
      at = end - 1;
    } else if (byte === QUOTE) at = endOfText(bytes, at);
    else if (byte === COLON) keys += 1;
    else if (byte === 0x7b || byte === 0x5b) {
      objects += 1;
      levels += 1;
      if (levels > MAX_LEVELS) throw new MalformedError('values are nested too deep', 'too_deep');
    } else if (byte === 0x7d || byte === 0x5d) levels -= 1;
    if (objects > maxParts || keys > maxParts)
      throw new MalformedError('too many parts for its size', 'too_many_parts');
  }
  return longNumbers;
}

/** Where the text that begins here ends. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}

function endOfDigits(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && isDigit(bytes[at] as number)) at += 1;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Neither behind a point or an exponent, nor in front of one. */
function isWhole(bytes: Uint8Array, start: number, end: number): boolean {
  return !PARTS_OF_FRACTIONS.has(bytes[start - 1] ?? 0) && !PARTS_OF_FRACTIONS.has(bytes[end] ?? 0);
}

const PARTS_OF_FRACTIONS: ReadonlySet<number> = new Set(Buffer.from('.eE+'));
const MINUS = 0x2d;

function quote(bytes: Uint8Array, longNumbers: readonly number[]): Uint8Array {
  const quoted = new Uint8Array(bytes.length + longNumbers.length);
  let from = 0;
  let to = 0;
  for (const [at, edge] of longNumbers.entries()) {
    const isBelowZero = at % 2 === 0 && bytes[edge - 1] === MINUS;
    const place = isBelowZero ? edge - 1 : edge;
    quoted.set(bytes.subarray(from, place), to);
    to += place - from;
    quoted[to] = QUOTE;
    to += 1;
    from = place;
  }
  quoted.set(bytes.subarray(from), to);
  return quoted;
}
