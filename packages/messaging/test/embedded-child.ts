import { writeSync } from 'node:fs';
import { createTelemetry } from '@tracepost/telemetry';
import { openEmbeddedBroker } from '../src/embedded/index.ts';

// A process that publishes and consumes as fast as it can until it is killed. Each line on standard output is a fact that
// has to hold afterwards: `opened <ms>`, `confirmed <id>`, `delivered <id>`. Standard output is a file: what a pipe has no room for would
// wait in this process and die with it.
const [path = '', prefix = ''] = process.argv.slice(2);
const began = performance.now();
const broker = await openEmbeddedBroker({ path, telemetry: createTelemetry({ serviceName: 'test' }) });
const openedMs = performance.now() - began;
await broker.declare({
  queues: [
    { kind: 'durable', name: 'kept' },
    { kind: 'durable', name: 'taken' },
  ],
});

const tell = (line: string): void => void writeSync(1, `${line}\n`);
tell(`opened ${Math.round(openedMs)}`);
await broker.consume({
  queue: 'taken',
  prefetch: 20,
  onDelivery(delivery) {
    tell(`delivered ${delivery.message.messageId}`);
    delivery.ack();
  },
});

async function publishForEver(lane: number): Promise<void> {
  for (let number = 0; ; number += 1) {
    const messageId = `${prefix}-${lane}-${number}`;
    const routingKey = number % 3 === 0 ? 'taken' : 'kept';
    const body = Buffer.alloc(100 + ((number * 37) % 4_000), messageId);
    const outcome = await broker.publish({ exchange: '', routingKey, mandatory: true, headers: {}, body, messageId });
    if (outcome.status === 'confirmed') tell(`confirmed ${messageId}`);
  }
}
for (let lane = 0; lane < 50; lane += 1) void publishForEver(lane);
