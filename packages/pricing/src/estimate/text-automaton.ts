/**
 * Reads text character by character as tokenizers cut it: a piece is a word with what stands before it, a run of signs, three
 * digits, … The state says what came before; what a character costs after it on average stands in `costs.ts`. No branch, and
 * two characters in one look-up (`pair-steps.ts`): this runs over every text of every transcript.
 */

/** What a character is. The columns of the costs. */
export const KIND = {
  newline: 0,
  blank: 1,
  quote: 2,
  /** Of which lines are drawn: - = * # _ ~ */
  ruler: 3,
  sign: 4,
  digit: 5,
  /** a to f, of which digests are made. */
  hexLetter: 6,
  lower: 7,
  upperHexLetter: 8,
  upper: 9,
  accented: 10,
  otherAlphabet: 11,
  ideograph: 12,
  kana: 13,
  hangul: 14,
  symbol: 15,
} as const;
export const KINDS = 16;

/** What came before. The rows of the costs. */
export const STATES = [
  'newline',
  'blank',
  'blanks',
  'sign',
  'signAfterBlank',
  'signs',
  'ruler',
  'rulers',
  'line',
  ...chain('word', 8),
  ...chain('part', 8),
  ...chain('capitals', 3),
  ...chain('digits', 3),
  // Runs in which letters and digits are mixed: digests, identifiers, base64.
  ...chain('mixedLetters', 4),
  ...chain('mixedCapitals', 2),
  ...chain('mixedDigits', 3),
  'otherAlphabet',
  'ideographs',
  'symbols',
] as const;

/** The row of the next state, by row and kind; a row is the number of the state times `KINDS`. */
export const NEXT_ROW = Uint16Array.from({ length: STATES.length * KINDS }, (_, index) => {
  const name = nextState(STATES[Math.floor(index / KINDS)] as string, index % KINDS);
  const next = (STATES as readonly string[]).indexOf(name);
  if (next < 0) throw new Error(`there is no state ${name}`);
  return next * KINDS;
});

/** The kind of each UTF-16 code unit. */
export const KIND_OF = kindsOfAll();

function nextState(state: string, kind: number): string {
  switch (kind) {
    case KIND.newline:
      return 'newline';
    case KIND.blank:
      return state.startsWith('blank') ? 'blanks' : 'blank';
    case KIND.ruler:
      if (state === 'ruler') return 'rulers';
      if (state === 'rulers' || state === 'line') return 'line';
      return state.startsWith('sign') ? 'signs' : 'ruler';
    case KIND.quote:
    case KIND.sign:
      if (/^(sign|ruler|line)/.test(state)) return 'signs';
      return state.startsWith('blank') ? 'signAfterBlank' : 'sign';
    case KIND.digit:
      if (state.startsWith('digits')) return step('digits', state, 3, 1);
      if (state.startsWith('mixedDigits')) return step('mixedDigits', state, 3, 1);
      return /^(word|part|capitals|mixed)/.test(state) ? 'mixedDigits1' : 'digits1';
    case KIND.hexLetter:
    case KIND.lower:
    case KIND.accented:
      if (state.startsWith('word')) return step('word', state, 8);
      if (state.startsWith('part')) return step('part', state, 8);
      if (state.startsWith('capitals')) return 'part2';
      if (state === 'mixedLetters4') return 'part5';
      if (state.startsWith('mixedLetters')) return step('mixedLetters', state, 4);
      if (/^(mixed|digits)/.test(state)) return 'mixedLetters1';
      return /^(newline|blank)/.test(state) ? 'word1' : 'part1';
    case KIND.upperHexLetter:
    case KIND.upper:
      if (state.startsWith('capitals')) return step('capitals', state, 3);
      if (/^(mixed|digits)/.test(state)) return state.startsWith('mixedCapitals') ? 'mixedCapitals2' : 'mixedCapitals1';
      return 'capitals1';
    case KIND.otherAlphabet:
      return 'otherAlphabet';
    case KIND.symbol:
      return 'symbols';
    default:
      return 'ideographs';
  }
}

/** The next of a chain; from the last one on `after`. */
function step(name: string, state: string, length: number, after = length): string {
  const number = Number(state.slice(name.length));
  return `${name}${number < length ? number + 1 : after}`;
}

function chain(name: string, length: number): readonly string[] {
  return Array.from({ length }, (_, index) => `${name}${index + 1}`);
}

function latinKind(code: number): number {
  const character = String.fromCharCode(code);
  if (/[\r\n]/.test(character)) return KIND.newline;
  if (/\s/.test(character)) return KIND.blank;
  if (/["'`]/.test(character)) return KIND.quote;
  if (/[-=*#_~]/.test(character)) return KIND.ruler;
  if (/\d/.test(character)) return KIND.digit;
  if (/[a-f]/.test(character)) return KIND.hexLetter;
  if (/[g-z]/.test(character)) return KIND.lower;
  if (/[A-F]/.test(character)) return KIND.upperHexLetter;
  if (/[G-Z]/.test(character)) return KIND.upper;
  if (code < 0x80) return KIND.sign;
  return /\p{L}/u.test(character) ? KIND.accented : KIND.symbol;
}

/** By ranges where there are few, for every process that knows of money does this when it starts. */
function kindsOfAll(): Uint8Array {
  const kinds = new Uint8Array(0x10000).fill(KIND.symbol);
  for (let code = 0; code < 0x250; code++) kinds[code] = latinKind(code);
  return kinds
    .fill(KIND.otherAlphabet, 0x370, 0x1fff)
    .fill(KIND.kana, 0x3040, 0x3100)
    .fill(KIND.ideograph, 0x3400, 0xa000)
    .fill(KIND.hangul, 0xac00, 0xd7a4)
    .fill(KIND.ideograph, 0xf900, 0xfb00);
}
