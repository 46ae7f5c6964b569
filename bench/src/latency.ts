import { loadOverHttp } from '@tracepost/testing';
import { startBenchBroker } from './harness/broker.ts';
import { brokerEnv } from './harness/contenders.ts';
import { loadHttp } from './harness/http-load.ts';
import { AGENT_QUEUE, REQUEST } from './harness/queues.ts';
import { machine, verdict, writeResult } from './harness/report.ts';
import { ROUNDS, SECONDS } from './harness/rounds.ts';
import { median } from './harness/statistics.ts';
import { OTHER_CORE, startVariant } from './harness/variant.ts';

/** The p99 of three seconds is that of one pause. */
const ROUND_S = 2 * SECONDS;

interface Latencies {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly failed: number;
}

// P11 and P13: how long a client waits for its 202 at half of what the gateway can take.
const broker = await startBenchBroker({ disk: 'memory' });
const env = { ...brokerEnv(broker), TRACEPOST_TELEMETRY: 'off' };
const ours = await startVariant({
  name: 'ours',
  file: 'our-gateway.ts',
  env,
  // As docker-compose.yml starts it.
  nodeArgs: ['--heap-growing-percent=200', '--import', '@tracepost/telemetry/start'],
});
const bare = await startVariant({ name: 'bare', file: 'bare-gateway.ts', env });
const again = await startVariant({ name: 'bare again', file: 'bare-gateway.ts', env });
const queues = [AGENT_QUEUE, 'recorder', 'bare.bench'];
try {
  const ask = (url = '') => loadHttp({ url, body: REQUEST, seconds: SECONDS, connections: 64 });
  await ask(ours.ready.url);
  const capacity = (await ask(ours.ready.url)).perSecond;
  await broker.purge(queues);
  const perSecond = Math.round(capacity / 2);
  const rounds: Record<string, Latencies>[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? [bare, ours, again] : [again, ours, bare];
    const measured: Record<string, Latencies> = {};
    for (const { name, ready } of order) {
      measured[name] = await measure(ready.url ?? '', perSecond);
      await broker.purge(queues);
    }
    rounds.push(measured);
  }
  const of = (name: string, what: keyof Latencies): number[] =>
    rounds.map((round) => round[name]?.[what] ?? Number.NaN);
  const ratios = (a: string, b: string): number[] =>
    of(a, 'p99Ms').map((value, at) => value / (of(b, 'p99Ms')[at] ?? Number.NaN));
  const thirdHighest = (values: readonly number[]): number => [...values].sort((x, y) => y - x)[2] ?? Number.NaN;
  const row = (name: string): string =>
    `| ${name} | ${median(of(name, 'p50Ms')).toFixed(2)} | ${median(of(name, 'p99Ms')).toFixed(2)} | ${Math.max(...of(name, 'maxMs')).toFixed(1)} | ${of(name, 'failed').reduce((a, b) => a + b, 0)} |`;
  writeResult(
    'P11-P13',
    [
      '# P11 and P13: how long does a client wait for its 202 at half of the gateway’s capacity?',
      '',
      machine(),
      '',
      `Open loop at ${perSecond} requests a second, half of the ${Math.round(capacity)} that the gateway took in a closed loop of this run; times count from when a request was due. Telemetry off. The broker’s disk is memory.`,
      '',
      '| variant | p50 ms | p99 ms | max ms | failed |',
      '| --- | ---: | ---: | ---: | ---: |',
      ...['bare', 'ours', 'bare again'].map(row),
      '',
      '| | median | third-highest of 12 | floor | goal |',
      '| --- | ---: | ---: | ---: | ---: |',
      `| P11: p99 ours ÷ bare (amqplib’s confirm behind Fastify) | ${median(ratios('ours', 'bare')).toFixed(2)} | ${thirdHighest(ratios('ours', 'bare')).toFixed(2)} | 2.0 | 1.3 |`,
      `| A/A: bare again ÷ bare | ${median(ratios('bare again', 'bare')).toFixed(2)} | | | |`,
      `| P13: p99 ours, ms | ${median(of('ours', 'p99Ms')).toFixed(1)} | ${thirdHighest(of('ours', 'p99Ms')).toFixed(1)} | 25 | 10 |`,
      '',
      verdict('p99 of bare again ÷ bare', median(ratios('bare again', 'bare')), rounds.length),
      '',
      '- Gateway on core 0; the clients and the broker on core 1.',
      '',
      `Raw p99 ours: ${of('ours', 'p99Ms')
        .map((ms) => ms.toFixed(1))
        .join(' ')}`,
      '',
      `Raw p99 bare: ${of('bare', 'p99Ms')
        .map((ms) => ms.toFixed(1))
        .join(' ')}`,
      '',
    ].join('\n'),
  );
} finally {
  await Promise.all([ours, bare, again].map((variant) => variant.stop()));
  await broker.stop();
}

async function measure(url: string, perSecond: number): Promise<Latencies> {
  const load = { url, body: REQUEST, seconds: ROUND_S, connections: 256, perSecond };
  const { answers, p50Ms, p99Ms, maxMs } = await loadOverHttp(load, { core: OTHER_CORE });
  const failed = Object.entries(answers).reduce((sum, [word, count]) => sum + (word === '202' ? 0 : count), 0);
  return { p50Ms, p99Ms, maxMs, failed };
}
