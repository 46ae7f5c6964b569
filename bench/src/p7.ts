import { startBenchBroker } from './harness/broker.ts';
import { brokerEnv, pipelineContender } from './harness/contenders.ts';
import { AGENT_QUEUE } from './harness/queues.ts';
import { report } from './harness/report.ts';
import { alternate } from './harness/rounds.ts';
import { startVariant } from './harness/variant.ts';

// P7: what our publisher leaves of amqplib's confirmed rate.
const broker = await startBenchBroker();
const env = brokerEnv(broker);
const sink = await startVariant({ name: 'sink', file: 'otlp-sink.ts', core: '1' });
const preload = ['--import', '@tracepost/telemetry/start'];
const otlp = { ...env, TRACEPOST_TELEMETRY: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: sink.ready.url ?? '' };
const off = { ...env, TRACEPOST_TELEMETRY: 'off' };
const same = { ...env, BENCH_MESSAGE: 'same' };

const raw = await startVariant({ name: 'raw', file: 'publish-raw.ts', env: same });
const again = await startVariant({ name: 'raw again', file: 'publish-raw.ts', env: same });
const empty = await startVariant({ name: 'raw, no headers', file: 'publish-raw.ts', env });
const ours = await startVariant({ name: 'ours', file: 'publish-ours.ts', env: off, nodeArgs: preload });
const traced = await startVariant({
  name: 'ours, telemetry on',
  file: 'publish-ours.ts',
  env: otlp,
  nodeArgs: preload,
});
const variants = [raw, ours, empty, traced, again];
try {
  const queueOf = (name: string) => (name.startsWith('ours') ? AGENT_QUEUE : 'bare.bench');
  const rounds = await alternate(
    variants.map((variant) => pipelineContender(variant, broker, [queueOf(variant.name)])),
  );
  report({
    id: 'P7',
    question: 'how much of raw amqplib’s confirmed rate does our publisher keep?',
    rounds,
    same: ['raw', 'raw again'],
    comparisons: [
      { of: 'ours', by: 'raw', floor: 0.8, goal: 0.9 },
      { of: 'ours, telemetry on', by: 'raw' },
      { of: 'ours', by: 'raw, no headers' },
    ],
    notes: [
      '200 publishes in flight, about 1 KB, persistent, mandatory, confirmed, quorum queue with the arguments of an agent queue.',
      'ours: envelope made anew for each message, ids and trace headers, metrics and span without an SDK behind them (what telemetry costs is the question of P1); with telemetry on: every span exported by OTLP/gRPC to a sink on the other core.',
      'raw: the same message, made once: same body, properties and headers. raw, no headers: 1,024 times the same letter and a content type, which nobody could continue a trace from.',
      'Publisher on core 0; broker and sink on core 1. Lost: confirmed but not in the queue afterwards, or not confirmed.',
    ],
  });
} finally {
  await Promise.all([...variants, sink].map((variant) => variant.stop()));
  await broker.stop();
}
