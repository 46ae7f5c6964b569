const MOST_CHARACTERS = 8 * 1024;
const LONGEST_WORD = 256;
const WORDS = ['eventId', 'type', 'name', 'source', 'timestamp', 'severity', 'correlationId', 'kind', 'unit'] as const;

/** What a refusal shows of what came: all of it, or, when that is long, the words that tell which one it was. */
export function receivedEvent(value: unknown): unknown {
  if (JSON.stringify(value ?? null).length <= MOST_CHARACTERS) return value ?? null;
  if (typeof value !== 'object' || value === null) return { truncated: true };
  if (Array.isArray(value)) return { entries: value.length, truncated: true };
  const members = value as Record<string, unknown>;
  const words = WORDS.filter((name) => {
    const word = members[name];
    return typeof word === 'string' && word.length <= LONGEST_WORD;
  });
  return { ...Object.fromEntries(words.map((name) => [name, members[name]])), truncated: true };
}
