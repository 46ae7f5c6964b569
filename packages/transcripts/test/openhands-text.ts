import type { SessionDocument } from '@tracepost/contracts';
import { expect } from 'vitest';
import { readText } from './bytes.ts';

const AT = Date.parse('2026-02-01T10:00:00Z');

/** Without a zone, as the program writes it. */
export const at = (seconds: number): string => new Date(AT + seconds * 1000).toISOString().replace('Z', '000');
export const lines = (values: readonly unknown[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join('');

/** The one session of OpenHands that is there. */
export async function one(content: string, fileName?: string): Promise<SessionDocument> {
  const { format, documents, skipped } = await readText(content, fileName === undefined ? {} : { fileName });
  expect([format, documents.length, skipped]).toEqual(['openhands', 1, []]);
  return documents[0] as SessionDocument;
}
