import { writeSync } from 'node:fs';
import { createTelemetry } from '@tracepost/telemetry';
import { openEmbeddedBroker } from '../src/embedded/index.ts';
import { openOutbox } from '../src/outbox/index.ts';
import { agentTopology } from '../src/topology.ts';
import { fickleBroker } from './fickle-broker.ts';
import { message } from './outbox-message.ts';

// A process that sends as fast as it can, to a broker that is away now and then, until it is killed. Each line on standard
// output is a promise to a client: `taken <id>`. Standard output is a file: what a pipe has no room for would die with it.
const [folder = '', prefix = ''] = process.argv.slice(2);
const telemetry = createTelemetry({ serviceName: 'test' });
const broker = fickleBroker(await openEmbeddedBroker({ path: `${folder}/queue.db`, telemetry }));
for (const agentId of ['a', 'b']) await broker.declare(agentTopology(agentId));
broker.become('unreachable');
const outbox = await openOutbox({ path: `${folder}/outbox.db`, broker, telemetry });

async function sendForEver(agentId: string): Promise<void> {
  for (let number = 0; ; number += 1) {
    const id = `${prefix}-${agentId}-${number}`;
    const { status } = await outbox.send(message(id, agentId, 100 + ((number * 37) % 4_000)), { agentId });
    if (status === 'stored' || status === 'confirmed') writeSync(1, `taken ${id}\n`);
  }
}
for (const agentId of ['a', 'b']) void sendForEver(agentId);
const moods = ['well', 'unconfirmed', 'stored, unconfirmed', 'refused'] as const;
setInterval(() => {
  broker.become(Math.random() < 0.5 ? 'ready' : 'unreachable');
  broker.mood = moods[Math.floor(Math.random() * 8)] ?? 'well';
}, 20);
