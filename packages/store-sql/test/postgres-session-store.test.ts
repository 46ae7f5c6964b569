import { describeSessionStoreContract } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, usePostgres } from '@tracepost/testing';
import pg from 'pg';
import { openPostgresSessionStore } from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

describeWithDocker('Postgres', () => {
  const postgres = usePostgres();

  describeSessionStoreContract('Postgres', async () => {
    const { host, port, database, user, password } = postgres();
    return {
      open: () => openPostgresSessionStore({ host, port, database, user, password, telemetry }),
      async damage(sessionId, part = 'analysis') {
        const client = new pg.Client({ host, port, database, user, password });
        await client.connect();
        const bytes = part === 'summary' ? 'damaged' : Buffer.from('damaged');
        await client.query(`update sessions set ${part} = $1 where session_id = $2`, [bytes, sessionId]);
        await client.end();
      },
      close: async () => {},
    };
  });
});
