import { startBenchBroker } from './harness/broker.ts';
import { brokerEnv, httpContender } from './harness/contenders.ts';
import { AGENT_QUEUE } from './harness/queues.ts';
import { report } from './harness/report.ts';
import { alternate } from './harness/rounds.ts';
import { startVariant } from './harness/variant.ts';

// P1 and P8 in one run: the gateway with and without telemetry, a bare handler, and the bare handler with the official
// instrumentations.
const broker = await startBenchBroker();
const sink = await startVariant({ name: 'sink', file: 'otlp-sink.ts', core: '1' });
const env = { ...brokerEnv(broker), OTEL_EXPORTER_OTLP_ENDPOINT: sink.ready.url ?? '' };
const nodeArgs = ['--import', '@tracepost/telemetry/start'];
const off = { ...env, TRACEPOST_TELEMETRY: 'off' };
const on = { ...env, TRACEPOST_TELEMETRY: 'otlp' };

const bare = await startVariant({ name: 'bare', file: 'bare-gateway.ts', env });
const again = await startVariant({ name: 'bare again', file: 'bare-gateway.ts', env });
const stock = await startVariant({
  name: 'stock',
  file: 'stock-gateway.cjs',
  env: { ...env, BENCH_STOCK: 'instrumented' },
});
const ours = await startVariant({ name: 'ours', file: 'our-gateway.ts', env: on, nodeArgs });
const quiet = await startVariant({ name: 'ours, telemetry off', file: 'our-gateway.ts', env: off, nodeArgs });
const variants = [bare, stock, ours, quiet, again];
try {
  const queuesOf = (name: string) => (name.startsWith('ours') ? [AGENT_QUEUE, 'recorder'] : ['bare.bench']);
  const rounds = await alternate(variants.map((variant) => httpContender(variant, broker, queuesOf(variant.name))));
  const notes = [
    '64 connections, closed loop, a request of about 1 KB; 202 after the confirm of a quorum queue.',
    'ours: schemas, agent and payload check, SERVER and PRODUCER span at 100 % sampling, metrics, log line, task.accepted event, exporters to a sink on the other core.',
    'stock: the bare handler with the official http, fastify and amqplib instrumentations and the same exporters.',
    'Gateway on core 0; load generator, broker and sink on core 1. Lost or failed: answers other than 2xx, errors, timeouts.',
  ];
  report({
    id: 'P1',
    question: 'how much of its own speed does the gateway keep with telemetry on?',
    rounds,
    same: ['bare', 'bare again'],
    comparisons: [
      { of: 'ours', by: 'ours, telemetry off', floor: 0.6, goal: 0.7 },
      { of: 'stock', by: 'bare' },
    ],
    notes,
  });
  report({
    id: 'P8',
    question: 'how fast is 202-after-confirm against a bare Fastify handler with amqplib?',
    rounds,
    same: ['bare', 'bare again'],
    comparisons: [
      { of: 'ours, telemetry off', by: 'bare', floor: 0.6, goal: 0.75 },
      { of: 'ours', by: 'bare' },
      { of: 'stock', by: 'bare' },
    ],
    notes,
  });
} finally {
  await Promise.all([...variants, sink].map((variant) => variant.stop()));
  await broker.stop();
}
