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
const raw = await startVariant({ name: 'raw', file: 'publish-raw.ts', env });
const again = await startVariant({ name: 'raw again', file: 'publish-raw.ts', env });
const ours = await startVariant({ name: 'ours', file: 'publish-ours.ts', env: otlp, nodeArgs: preload });
const off = await startVariant({
  name: 'ours, telemetry off',
  file: 'publish-ours.ts',
  env: { ...env, TRACEPOST_TELEMETRY: 'off' },
  nodeArgs: preload,
});
try {
  const rounds = await alternate([
    pipelineContender(raw, broker, ['bare.bench']),
    pipelineContender(ours, broker, [AGENT_QUEUE]),
    pipelineContender(again, broker, ['bare.bench']),
    pipelineContender(off, broker, [AGENT_QUEUE]),
  ]);
  report({
    id: 'P7',
    question: 'how much of raw amqplib’s confirmed rate does our publisher keep?',
    rounds,
    same: ['raw', 'raw again'],
    comparisons: [
      { of: 'ours', by: 'raw', floor: 0.8, goal: 0.9 },
      { of: 'ours, telemetry off', by: 'raw' },
    ],
    notes: [
      '200 publishes in flight, about 1 KB, persistent, mandatory, confirmed, quorum queue with the arguments of an agent queue.',
      'ours: envelope, PRODUCER span at 100 % sampling exported by OTLP/gRPC to a sink on the other core, trace headers, two metrics.',
      'Publisher on core 0; broker and sink on core 1. Lost: confirmed but not in the queue afterwards, or not confirmed.',
    ],
  });
} finally {
  await Promise.all([raw, again, ours, off, sink].map((variant) => variant.stop()));
  await broker.stop();
}
