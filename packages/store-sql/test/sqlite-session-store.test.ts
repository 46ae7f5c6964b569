import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describeSessionStoreContract } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { openSqliteSessionStore } from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

describeSessionStoreContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-sessions-'));
  const path = join(folder, 'sessions.db');
  return {
    open: () => openSqliteSessionStore({ path, telemetry }),
    async damage(sessionId, part = 'analysis') {
      const db = new DatabaseSync(path);
      const bytes = part === 'summary' ? 'damaged' : Buffer.from('damaged');
      db.prepare(`update sessions set ${part} = ? where session_id = ?`).run(bytes, sessionId);
      db.close();
    },
    close: () => rm(folder, { recursive: true }),
  };
});
