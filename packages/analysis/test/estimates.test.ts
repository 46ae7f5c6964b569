import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionDocument } from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import { describeWithCorpus } from '@tracepost/testing';
import { uniteDocuments } from '@tracepost/transcripts';
import { expect, it } from 'vitest';
import { analyseSession } from '../src/index.ts';
import { readOne } from './read-recorded.ts';

const priceBook = createPriceBook();

/** A session in one file, or in the files of a folder. */
const HELD = [
  'codemie-code/claude-code/session-196820da.jsonl',
  'codemie-code/claude-code/session-624a4a58.jsonl',
  'codemie-code/claude-code/session-9eda1058.jsonl',
  'codemie-code/claude-code/incremental-simple/turn-1.jsonl',
  'codemie-code/claude-code/incremental-simple/turn-2.jsonl',
  'codemie-code/claude-code/incremental-subagents/turn-1.jsonl',
  'codemie-code/claude-code/incremental-subagents/turn-2.jsonl',
  'codemie-code/claude-code/incremental-subagents/turn-2/subagents/agent-a485154.jsonl',
  'codemie-code/gemini-cli/session-2025-12-01T21-45-5b959dae.json',
  'codemie-code/codex',
  'pi-mono/large-session.jsonl',
  'openhands-sdk/llm-logs',
  'openhands-sdk/nonfncall-llm-logs',
  'swe-agent/gpt4-swe-agent__test-repo-i1.traj',
  'swe-agent/gpt4-sweagenttestrepo-1c2844.traj',
];

/** What was sent or counted does not stand in these, or is not read from them. One that comes within the tenth belongs to the list above. */
const NOT_HELD = [
  ['langfuse/framework-traces/agno-2025-06-11.trace.json', 'descriptions of tools are not read from spans'],
  [
    'langfuse/framework-traces/google-vertex-tools-langchain-2025-09-19.json',
    'descriptions of tools are not read from spans',
  ],
  ['langfuse/framework-traces/koog-2025-08-26.trace.json', 'descriptions of tools are in no span'],
  [
    'langfuse/framework-traces/pydantic-ai-tools-2025-12-04.trace.json',
    'descriptions of tools are not read from spans',
  ],
  ['langfuse/framework-traces/langgraph-js-2025-10-30.trace.json', 'neither thoughts nor descriptions of tools'],
  ['langfuse/framework-traces/vertex-ai-2025-08-01.trace.json', 'thoughts are in no span'],
  ['langfuse/framework-traces/google-gemini-2025-08-01.trace.json', 'thoughts are in no span'],
  [
    'langfuse/framework-traces/claude-agent-2025-12-22.trace.json',
    'the report leaves out what was read from the cache',
  ],
  ['jaeger-ui/genaiTestTrace.json', 'made up: the counts are not those of the texts'],
] as const;

describeWithCorpus('the estimate of a recorded session whose usage is hidden', (corpus) => {
  it.each(HELD)('%s is within a tenth of what was reported', async (name) => {
    const session = await read(join(corpus, name));
    expect(Math.abs(errorOf(session))).toBeLessThan(0.1);
  });

  it.each(NOT_HELD)('%s is farther off: %s', async (name) => {
    const session = await read(join(corpus, name));
    expect(Math.abs(errorOf(session))).toBeGreaterThan(0.1);
  });
});

async function read(path: string): Promise<SessionDocument> {
  if (/\.\w+$/.test(path)) return readOne(path);
  const documents = await Promise.all(readdirSync(path).map((name) => readOne(join(path, name))));
  return documents.reduce(uniteDocuments);
}

/** How far the estimate of all tokens is off, as a part of what was reported. */
function errorOf(document: SessionDocument): number {
  const calls = document.calls.map((call) => ({ ...call, usage: null, besides: [] }));
  const hidden = analyseSession({ ...document, calls, reportedTotals: null }, { priceBook }).totals;
  const reported = analyseSession(document, { priceBook }).totals;
  expect([hidden.usageSource, reported.usageSource]).toEqual(['estimated', 'reported']);
  const tokens = ({ usage }: typeof hidden): number => usage.input + usage.output;
  return tokens(hidden) / tokens(reported) - 1;
}
