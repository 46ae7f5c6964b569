/** AMQP's topic rule: words are parted by dots, `*` stands for exactly one of them, `#` for any number, none included. */
export function matchesTopic(pattern: string, key: string): boolean {
  return matchWords(pattern.split('.'), key.split('.'));
}

function matchWords(pattern: readonly string[], words: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return words.length === 0;
  if (head === '#') {
    if (rest.length === 0) return true;
    return words.some((_, index) => matchWords(rest, words.slice(index))) || matchWords(rest, []);
  }
  const [word, ...others] = words;
  return word !== undefined && (head === '*' || head === word) && matchWords(rest, others);
}
