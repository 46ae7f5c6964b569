import { createRabbitMqBroker } from '@tracepost/messaging/rabbitmq';
import { openPostgresRecordStore } from '@tracepost/store-sql';
import { createTelemetry } from '@tracepost/telemetry';
import { createEventTaker } from '../src/index.ts';

// An analyst's taker in a process of its own, to be killed. Small batches, so that a kill falls between many steps.
const { rabbitMq, postgres } = JSON.parse(process.argv[2] ?? '{}');
const telemetry = createTelemetry({ serviceName: 'test', terminalLevel: 'silent' });
const broker = createRabbitMqBroker({ ...rabbitMq, connectionName: 'taker', telemetry });
const records = await openPostgresRecordStore({ ...postgres, telemetry });
await createEventTaker({ broker, records, telemetry, batchSize: 5, lingerMs: 1 }).start();
process.stdout.write('taking\n');
