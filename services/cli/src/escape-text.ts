/**
 * Text from somewhere else as a terminal may have it: what would move the cursor, change colours, write to the clipboard
 * or turn the reading direction is shown as `\x1b` or `\u202e`, never sent. Line feed and tab stay when asked for.
 */
export function escapeText(text: string, { keep = 'none' }: { readonly keep?: 'none' | 'lines' } = {}): string {
  return text.replace(UNSAFE, (character) => {
    if (keep === 'lines' && (character === '\n' || character === '\t')) return character;
    return NAMED[character] ?? escapeCharacter(character);
  });
}

/** JSON that means the same, with nothing in it that a terminal obeys: JSON itself lets DEL, C1 and bidi characters through. */
export function escapeJson(json: string): string {
  return json.replace(UNSAFE, (character) =>
    // JSON's own blanks between its parts.
    character === '\n' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** C0, DEL, C1, marks and overrides of direction, line and paragraph separators, what is wholly invisible, lone surrogates. The joiners of emoji and of some scripts are text. */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the point
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeCharacter(character: string): string {
  const number = character.charCodeAt(0);
  return number < 0x100 ? `\\x${number.toString(16).padStart(2, '0')}` : `\\u${number.toString(16).padStart(4, '0')}`;
}
