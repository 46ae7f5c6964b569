/**
 * The next smaller model of the same provider, or null where none is known. By families, since a list of names is old within weeks; without
 * what a provider writes around it (`anthropic.`, `models/`, a region): see `namesOfCheaper`.
 */
export function cheaperModel(model: string): string | null {
  const name = model.toLowerCase();
  for (const [family, cheaper] of FAMILIES) if (family.test(name)) return cheaper;
  return null;
}

/**
 * What the cheaper model may be called where `model` was asked, the plain name first: Bedrock and OpenRouter know it only by their own names,
 * and a region in the name (`eu.anthropic.…`) has a price of its own.
 */
export function namesOfCheaper(cheaper: string, model: string): readonly string[] {
  const dated = cheaper + (DAYS[cheaper] ?? '');
  const [, maker = '', version = ''] = /^(.*(?:[./](?=claude)|\/))[^/]*?(-v\d(?::\d+)?)?$/.exec(model) ?? [];
  const dotted = cheaper.replace(/-(\d)-(\d)$/, '-$1.$2');
  return [...new Set([cheaper, maker + dated + version, maker + cheaper, maker + dotted, dated])];
}

/** Bedrock's names have the day of a model in them. */
const DAYS: Readonly<Record<string, string>> = { 'claude-sonnet-4-5': '-20250929', 'claude-haiku-4-5': '-20251001' };

const FAMILIES: readonly (readonly [RegExp, string | null])[] = [
  [/haiku|-mini|-nano|-lite|flash|-small|-instant/, null],
  // They draw, hear, speak or search, which no other model of this list does.
  [/image|audio|realtime|tts|transcribe|embed|search|computer-use/, null],
  [/claude.*(?:opus|fable)/, 'claude-sonnet-4-5'],
  [/claude.*sonnet/, 'claude-haiku-4-5'],
  [/gpt-5|o3(?!-mini)/, 'gpt-5-mini'],
  [/gpt-4\.1/, 'gpt-4.1-mini'],
  [/gpt-4/, 'gpt-4o-mini'],
  [/gemini.*pro/, 'gemini-2.5-flash'],
  [/mistral-(?:large|medium)/, 'mistral-small-latest'],
  [/grok-4(?!-fast)/, 'grok-4-fast'],
  [/command-r-plus|command-a/, 'command-r'],
];
