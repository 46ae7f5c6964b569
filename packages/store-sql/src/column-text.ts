import { createHash } from 'node:crypto';

const LONGEST = 200;

/**
 * A text that any column and index of both databases takes. Ids of ours pass as they are. What a foreign publisher
 * sent may hold a NUL, which Postgres refuses, or be too long for an index: such a text is cut and marked with its
 * hash, so that it can still be found by the whole of it.
 */
export function columnText(text: string): string;
export function columnText(text: string | null): string | null;
export function columnText(text: string | null): string | null {
  if (text === null || (text.length <= LONGEST && !text.includes('\0') && text.isWellFormed())) return text;
  const hash = createHash('sha256').update(JSON.stringify(text)).digest('hex');
  const start = text.slice(0, LONGEST - hash.length - 1).replaceAll('\0', '\ufffd');
  return `${start.toWellFormed()}#${hash}`;
}
