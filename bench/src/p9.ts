import { startBenchBroker } from './harness/broker.ts';
import { brokerEnv } from './harness/contenders.ts';
import { startFiller } from './harness/fill.ts';
import { AGENT_QUEUE } from './harness/queues.ts';
import { report } from './harness/report.ts';
import { alternate, type Contender } from './harness/rounds.ts';
import { startVariant, type Variant } from './harness/variant.ts';

// P9: what our consumer layer leaves of amqplib's rate of taking and acknowledging.
const ITEMS = 60_000;
const broker = await startBenchBroker();
const env = brokerEnv(broker);
const sink = await startVariant({ name: 'sink', file: 'otlp-sink.ts', core: '1' });
const preload = ['--import', '@tracepost/telemetry/start'];
const otlp = { ...env, TRACEPOST_TELEMETRY: 'otlp', OTEL_EXPORTER_OTLP_ENDPOINT: sink.ready.url ?? '' };
const off = { ...env, TRACEPOST_TELEMETRY: 'off' };
const filler = await startFiller(env.BENCH_AMQP_URL ?? '');

const raw = await startVariant({ name: 'raw', file: 'consume-raw.ts', env });
const again = await startVariant({ name: 'raw again', file: 'consume-raw.ts', env });
const ours = await startVariant({ name: 'ours', file: 'consume-ours.ts', env: off, nodeArgs: preload });
const traced = await startVariant({
  name: 'ours, telemetry on',
  file: 'consume-ours.ts',
  env: otlp,
  nodeArgs: preload,
});
const variants = [raw, ours, traced, again];
try {
  const rounds = await alternate(variants.map(taker));
  report({
    id: 'P9',
    question: 'how much of amqplib’s rate of consuming does our consumer layer keep?',
    rounds,
    same: ['raw', 'raw again'],
    comparisons: [
      { of: 'ours', by: 'raw', floor: 0.75, goal: 0.85 },
      { of: 'ours, telemetry on', by: 'raw' },
    ],
    notes: [
      `${ITEMS} notifications of about 1 KB lie in a quorum queue and are taken and acknowledged with a prefetch of 100.`,
      'ours: envelope read and checked, trace continued, process span, metrics, a deadline; without an SDK behind them, and with every span exported.',
      'Consumer on core 0; broker and sink on core 1. Lost: still in the queue afterwards.',
    ],
  });
} finally {
  await Promise.all([...variants, sink].map((variant) => variant.stop()));
  await filler.close();
  await broker.stop();
}

function taker(variant: Variant): Contender {
  const queue = variant.name.startsWith('ours') ? AGENT_QUEUE : 'bare.bench';
  return {
    name: variant.name,
    async run() {
      await filler.fill(queue, ITEMS);
      const before = variant.cpuMicros();
      const { done, elapsedMs } = await variant.ask<{ done: number; elapsedMs: number }>({ items: ITEMS });
      const cpu = variant.cpuMicros() - before;
      return { perSecond: done / (elapsedMs / 1_000), cpuMicrosPerItem: cpu / done, lost: await broker.purge([queue]) };
    },
  };
}
