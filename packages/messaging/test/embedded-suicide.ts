import { createTelemetry } from '@tracepost/telemetry';
import { openEmbeddedBroker } from '../src/embedded/index.ts';

// A process that dies of the first message that it is given, in the very moment.
const [path = ''] = process.argv.slice(2);
const broker = await openEmbeddedBroker({ path, telemetry: createTelemetry({ serviceName: 'test' }) });
await broker.consume({ queue: 'poisoned', prefetch: 1, onDelivery: () => void process.kill(process.pid, 'SIGKILL') });
setInterval(() => {}, 60_000);
