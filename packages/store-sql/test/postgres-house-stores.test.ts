import {
  describeAuditStoreContract,
  describeDeadLetterStoreContract,
  describeInboxStoreContract,
  describeKeyStoreContract,
  describeRollupStoreContract,
  describeTraceSummaryStoreContract,
  type HouseHarness,
} from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, usePostgres } from '@tracepost/testing';
import { openPostgresRecordStore } from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

describeWithDocker('Postgres', () => {
  const postgres = usePostgres();

  const createHarness = async (): Promise<HouseHarness> => {
    const { host, port, database, user, password } = postgres();
    return {
      open: (options) => openPostgresRecordStore({ host, port, database, user, password, telemetry, ...options }),
      close: async () => {},
    };
  };

  describeInboxStoreContract('Postgres', createHarness);
  describeKeyStoreContract('Postgres', createHarness);
  describeDeadLetterStoreContract('Postgres', createHarness);
  describeAuditStoreContract('Postgres', createHarness);
  describeRollupStoreContract('Postgres', createHarness);
  describeTraceSummaryStoreContract('Postgres', createHarness);
});
