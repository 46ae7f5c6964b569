import { createTelemetry } from '@tracepost/telemetry';
import { openEmbeddedBroker } from '../src/embedded/index.ts';

// A process that dies of the first message that it is given, in the very moment. The first time it brings it along.
const [path = ''] = process.argv.slice(2);
const broker = await openEmbeddedBroker({ path, telemetry: createTelemetry({ serviceName: 'test' }) });
const { ready = 0 } = (await broker.inspect('poisoned')) ?? {};
await broker.consume({ queue: 'poisoned', prefetch: 1, onDelivery: () => void process.kill(process.pid, 'SIGKILL') });
const body = Buffer.from('poison');
if (ready === 0) {
  await broker.publish({ exchange: '', routingKey: 'poisoned', mandatory: true, headers: {}, body });
}
setInterval(() => {}, 60_000);
