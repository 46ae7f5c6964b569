import { ownContender } from './harness/contenders.ts';
import { report } from './harness/report.ts';
import { alternate } from './harness/rounds.ts';
import { startVariant } from './harness/variant.ts';

// P17: what checking and indexing leave of the rate at which OTLP can be decoded at all.
const start = (name: string, step: string) => startVariant({ name, file: 'otlp-intake.ts', env: { BENCH_STEP: step } });
const variants = [
  await start('decode', 'decode'),
  await start('decode, check, index', 'index'),
  await start('decode, check, redact, index', 'redact'),
  await start('the same over HTTP', 'http'),
  await start('decode again', 'decode'),
];
try {
  report({
    id: 'P17',
    question: 'how much of the rate of bare decoding do checking and indexing leave?',
    rounds: await alternate(variants.map(ownContender)),
    same: ['decode', 'decode again'],
    comparisons: [
      { of: 'decode, check, index', by: 'decode', floor: 0.5, goal: 0.7 },
      { of: 'decode, check, redact, index', by: 'decode' },
      { of: 'the same over HTTP', by: 'decode' },
    ],
    notes: [
      'An item is a span; 512 of them in a request of OTLP/protobuf, twelve attributes each, as an agent makes them. One thread on core 0.',
      'decode: the bare loop, bytes to signals and nothing else. check: ids, times, names and limits, with a copy of each span that has events or has to be cut. index: spans by trace id, in memory, emptied after each request.',
      'redact: the whole analyst, as it stands behind the receiver (masking by key and by value, held to its limits, counted), with a store that only indexes.',
      'over HTTP: the receiver as it is shipped in front of that, eight requests at a time on loopback; who sends runs in the same thread and is counted.',
      'Lost: spans that the index did not hold.',
    ],
  });
} finally {
  await Promise.all(variants.map((variant) => variant.stop()));
}
