import { join } from 'node:path';
import { ownContender } from './harness/contenders.ts';
import { report } from './harness/report.ts';
import { alternate } from './harness/rounds.ts';
import { startVariant, type Variant } from './harness/variant.ts';

// P27: what reading and analysing whole sessions leave of the rate at which their lines can be parsed at all.
const corpus = process.env.TRACEPOST_CORPUS;
const start = (name: string, step: string, folder?: string): Promise<Variant> =>
  startVariant({
    name,
    file: 'transcript-steps.ts',
    env: { BENCH_STEP: step, ...(folder ? { BENCH_FOLDER: folder } : {}) },
  });
const variants = [
  await start('parse', 'parse'),
  await start('read', 'read'),
  await start('full analysis', 'analyse'),
  await start('parse again', 'parse'),
];
const kinds = corpus ? ['codemie-code/claude-code', 'codemie-code/codex', 'pi-mono'] : [];
for (const kind of kinds) {
  variants.push(await start(`parse, ${kind}`, 'parse', join(corpus ?? '', kind)));
  variants.push(await start(`full analysis, ${kind}`, 'analyse', join(corpus ?? '', kind)));
}
try {
  report({
    id: 'P27',
    question: 'how much of the rate of a bare JSON.parse of each line does the full analysis leave?',
    rounds: await alternate(variants.map(ownContender)),
    same: ['parse', 'parse again'],
    comparisons: [
      { of: 'full analysis', by: 'parse', floor: 0.5, goal: 0.75 },
      { of: 'read', by: 'parse' },
      ...kinds.map((kind) => ({ of: `full analysis, ${kind}`, by: `parse, ${kind}`, floor: 0.5, goal: 0.75 })),
    ],
    notes: [
      'An item is a line of a transcript. All transcripts lie in memory; one thread on core 0.',
      'parse: the bytes to text, the text to lines, JSON.parse of each, and nothing else.',
      'read: our reader of transcripts in chunks of 64 KiB, to documents: answers put together, each counted once, hashes of arguments, estimates of tokens.',
      'full analysis: that, and everything that is said of a session: tokens, exact costs, tools, sequences, repetitions, patterns, complexity, times, anomalies, advice.',
      'The transcripts are made up (bench/src/harness/made-transcripts.ts); with TRACEPOST_CORPUS set, recorded ones of other projects stand beside them.',
      'Lost: calls that were not counted every time.',
    ],
  });
} finally {
  await Promise.all(variants.map((variant) => variant.stop()));
}
