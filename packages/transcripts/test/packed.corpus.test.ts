import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { SessionDocument } from '@tracepost/contracts';
import { describeWithCorpus } from '@tracepost/testing';
import { expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';

const FILES = [
  'codemie-code/claude-code/session-9eda1058.jsonl',
  'codemie-code/claude-code/incremental-subagents/turn-2.jsonl',
  'codemie-code/claude-code/session-196820da.jsonl',
  'codemie-code/codex/rollout-2026-05-11T11-26-55-019e1625-789d-76c0-80ab-3724b5ddb799.jsonl',
  'pi-mono/large-session.jsonl',
];

describeWithCorpus('a recorded session of which earlier entries lie packed', (corpus) => {
  it.each(FILES)('is the same as unpacked (%s), also when it is told twice, and united', async (name) => {
    const text = `${readFileSync(join(corpus, name), 'utf8').trimEnd()}\n`;
    for (const [told, unpackedEntries] of [
      [text, 20],
      [text + text, 100],
    ] as const) {
      const whole = await read(told, name);
      const packed = await read(told, name, unpackedEntries);
      expect(JSON.stringify(packed)).toBe(JSON.stringify(whole));
      expect(JSON.stringify(uniteDocuments(packed, whole))).toBe(JSON.stringify(uniteDocuments(whole, whole)));
    }
  });
});

async function read(text: string, name: string, unpackedEntries?: number): Promise<SessionDocument> {
  const options = { fileName: basename(name), ...(unpackedEntries === undefined ? {} : { unpackedEntries }) };
  const { documents } = await readText(text, options, 64 * 1024);
  expect(documents).toHaveLength(1);
  return documents[0] as SessionDocument;
}
