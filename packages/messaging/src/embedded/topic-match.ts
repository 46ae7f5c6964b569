/** AMQP's topic rule: words are parted by dots, `*` stands for exactly one of them, `#` for any number, none included. */
export function matchesTopic(pattern: string, key: string): boolean {
  return matchWords(words(pattern), words(key));
}

/** RabbitMQ reads the empty key as no word at all; between two dots it sees an empty word. */
function words(key: string): string[] {
  return key === '' ? [] : key.split('.');
}

function matchWords(pattern: readonly string[], key: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return key.length === 0;
  if (head === '#') {
    if (rest.length === 0) return true;
    return key.some((_, index) => matchWords(rest, key.slice(index))) || matchWords(rest, []);
  }
  const [word, ...others] = key;
  return word !== undefined && (head === '*' || head === word) && matchWords(rest, others);
}
