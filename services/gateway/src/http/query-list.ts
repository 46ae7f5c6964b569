/** A comma list whose words are all of `words`, each once; else what is wrong with it. */
export function readWords<T extends string>(
  text: string,
  words: readonly T[],
): { readonly words: readonly T[] } | { readonly fault: string } {
  const asked = text.split(',').map((word) => word.trim());
  const unknown = asked.filter((word) => !(words as readonly string[]).includes(word));
  if (unknown.length > 0) return { fault: `has to be one or more of ${words.join(', ')}, separated by commas` };
  // The filter has just shown that each is one of them.
  return { words: [...new Set(asked)] as T[] };
}
