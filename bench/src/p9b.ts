import { startBenchBroker } from './harness/broker.ts';
import { brokerEnv } from './harness/contenders.ts';
import { startFiller } from './harness/fill.ts';
import { startBenchPostgres } from './harness/postgres.ts';
import { AGENT_ID, AGENT_QUEUE } from './harness/queues.ts';
import { report } from './harness/report.ts';
import { alternate, type Contender } from './harness/rounds.ts';
import { startVariant } from './harness/variant.ts';
import { startWorker } from './harness/worker.ts';

// P9b: what a worker as it is shipped (inbox, events, threads) leaves of the rate of the same steps done by hand.
const ITEMS = 4_000;
const broker = await startBenchBroker();
const postgres = await startBenchPostgres();
const url = brokerEnv(broker).BENCH_AMQP_URL ?? '';
const { user, password, port, database } = postgres;
const env = {
  ...brokerEnv(broker),
  BENCH_POSTGRES_URL: `postgres://${user}:${password}@127.0.0.1:${port}/${database}`,
};
const filler = await startFiller(url);
const raw = await startVariant({ name: 'by hand', file: 'steps-raw.ts', env: { ...env, BENCH_QUEUE: 'hand' } });
const again = await startVariant({
  name: 'by hand again',
  file: 'steps-raw.ts',
  env: { ...env, BENCH_QUEUE: 'again' },
});
const ours = await startWorker('ours', broker, postgres);
const told: Record<string, () => void> = {};
for (const agentId of ['hand', 'again', AGENT_ID]) await filler.onSucceeded(agentId, () => told[agentId]?.());
try {
  const contender = (one: { name: string; cpuMicros(): number }, agentId: string, queue: string): Contender => ({
    name: one.name,
    async run() {
      const before = one.cpuMicros();
      const { promise, resolve } = Promise.withResolvers<void>();
      let [count, began] = [0, 0];
      told[agentId] = () => {
        count++;
        if (count === 1) began = performance.now();
        if (count === ITEMS) resolve();
      };
      await filler.fill(queue, ITEMS);
      await promise;
      const elapsedMs = performance.now() - began;
      const cpu = one.cpuMicros() - before;
      return { perSecond: ITEMS / (elapsedMs / 1_000), cpuMicrosPerItem: cpu / ITEMS, lost: 0 };
    },
  });
  const rounds = await alternate([
    contender(raw, 'hand', 'hand'),
    contender(ours, AGENT_ID, AGENT_QUEUE),
    contender(again, 'again', 'again'),
  ]);
  report({
    id: 'P9b',
    question: 'how much of the rate of the same steps by hand does a shipped worker keep?',
    rounds,
    same: ['by hand', 'by hand again'],
    comparisons: [{ of: 'ours', by: 'by hand', floor: 0.75, goal: 0.85 }],
    notes: [
      `${ITEMS} notifications a round, ten at work and twenty in hand, each ended by a \`succeeded\` event; the round lasts from the first event to the last.`,
      'by hand: insert into an inbox table, publish `started`, update with the ending, publish `succeeded` and wait for its confirm, ack; amqplib and pg, no batching.',
      'ours: the agents service as it is shipped: handler in a thread, inbox in Postgres, retries and cancelling ready; telemetry off.',
      'Worker on core 0; broker, Postgres and the filler on core 1. Lost: none, since a round ends only when every task has ended.',
    ],
  });
} finally {
  await Promise.all([raw.stop(), again.stop(), ours.stop()]);
  await filler.close();
  await Promise.all([broker.stop(), postgres.stop()]);
}
