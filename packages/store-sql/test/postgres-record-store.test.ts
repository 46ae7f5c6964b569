import { describeRecordStoreContract } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, usePostgres } from '@tracepost/testing';
import { openPostgresRecordStore } from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

describeWithDocker('Postgres', () => {
  const postgres = usePostgres();

  describeRecordStoreContract('Postgres', async () => {
    const { host, port, database, user, password } = postgres();
    return {
      open: () => openPostgresRecordStore({ host, port, database, user, password, telemetry }),
      close: async () => {},
    };
  });
});
