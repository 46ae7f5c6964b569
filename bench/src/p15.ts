import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'amqplib';
import { startBenchBroker } from './harness/broker.ts';
import { brokerEnv } from './harness/contenders.ts';
import { startFiller } from './harness/fill.ts';
import { startBenchPostgres } from './harness/postgres.ts';
import { AGENT_ID, AGENT_QUEUE } from './harness/queues.ts';
import { machine, writeResult } from './harness/report.ts';
import { median } from './harness/statistics.ts';
import { startWorker } from './harness/worker.ts';

// P12: from a publish to the start of its handler when nothing else happens. P15: from the death of a worker to the start of
// its task's handler at another one.
const IDLE = 300;
const KILLS = 12;
const broker = await startBenchBroker();
const postgres = await startBenchPostgres();
const url = brokerEnv(broker).BENCH_AMQP_URL ?? '';
const filler = await startFiller(url);
const connection = await connect(url);
const channel = await connection.createConfirmChannel();
await channel.assertExchange('events', 'topic', { durable: true });
const { queue: heard } = await channel.assertQueue('', { exclusive: true });
await channel.bindQueue(heard, 'events', `task.${AGENT_ID}.started`);
await channel.assertQueue('bare.bench', { durable: true, arguments: { 'x-queue-type': 'quorum' } });
let onMessage = (): void => {};
await channel.consume(heard, () => onMessage(), { noAck: true });
await channel.consume('bare.bench', (message) => {
  if (message) channel.ack(message);
  onMessage();
});
const nextMessage = (): Promise<void> =>
  new Promise((resolve) => {
    onMessage = resolve;
  });

try {
  const { raw, ours } = await measureIdle();
  const taken: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) taken.push(await measureKill());
  const line = (values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(' ');
  writeResult(
    'P12-P15',
    [
      '# P12 and P15: how soon does a handler begin, on an idle stack and after the death of a worker?',
      '',
      machine(),
      '',
      '| | median | worst | floor | goal |',
      '| --- | ---: | ---: | ---: | ---: |',
      `| raw: publish to delivery, ms | ${median(raw).toFixed(2)} | ${Math.max(...raw).toFixed(1)} | | |`,
      `| ours: publish to \`started\` heard, ms | ${median(ours).toFixed(2)} | ${Math.max(...ours).toFixed(1)} | | |`,
      `| P12: ours ÷ raw | ${(median(ours) / median(raw)).toFixed(2)} | | 3 | 2 |`,
      `| P15: SIGKILL to the handler's start at another worker, s | ${(median(taken) / 1_000).toFixed(2)} | ${(Math.max(...taken) / 1_000).toFixed(2)} | 5 | 1 |`,
      '',
      `- P12: ${IDLE} messages of each kind in turns, one at a time. Ours goes through the shipped agents service (inbox in Postgres, thread), and what is timed is its \`started\` event, which itself takes one raw hop back.`,
      `- P15: ${KILLS} times; another worker is up and idle.`,
      '- Worker on core 0; broker and Postgres on core 1. Telemetry off.',
      '',
      `Raw seconds of P15: ${taken.map((ms) => (ms / 1_000).toFixed(2)).join(' ')}`,
      '',
      `First twenty of P12, raw: ${line(raw.slice(0, 20))}; ours: ${line(ours.slice(0, 20))}`,
      '',
    ].join('\n'),
  );
} finally {
  await filler.close();
  await connection.close();
  await Promise.all([broker.stop(), postgres.stop()]);
}

async function measureIdle(): Promise<{ raw: number[]; ours: number[] }> {
  const worker = await startWorker('idle', broker, postgres);
  const timed = async (queue: string): Promise<number> => {
    const arrived = nextMessage().then(() => performance.now());
    const began = performance.now();
    await filler.fill(queue, 1);
    return (await arrived) - began;
  };
  const raw: number[] = [];
  const ours: number[] = [];
  for (let round = 0; round < IDLE; round++) {
    raw.push(await timed('bare.bench'));
    await sleep(10);
    ours.push(await timed(AGENT_QUEUE));
    await sleep(10);
  }
  await worker.stop();
  return { raw, ours };
}

async function measureKill(): Promise<number> {
  const holder = await startWorker('holder', broker, postgres);
  const begun = nextMessage();
  await filler.fill(AGENT_QUEUE, 1, 'bench.sleep');
  await begun;
  const other = await startWorker('other', broker, postgres);
  const again = nextMessage();
  const began = performance.now();
  await Promise.all([again, holder.kill()]);
  const took = performance.now() - began;
  await other.kill();
  // The task goes back; nobody shall find it in the next round.
  await sleep(500);
  await broker.purge([AGENT_QUEUE]);
  return took;
}
