import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteRecordStore } from '@tracepost/store-sql';
import { createTelemetry } from '@tracepost/telemetry';
import { expect, it } from 'vitest';
import { createIdempotency, type Delivered, type Turn } from '../src/notify/idempotency.ts';

const telemetry = createTelemetry({ serviceName: 'test' });

it('a key that one gateway gives up while another one has its task accepted stands for that task', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-idempotency-'));
  const store = await openSqliteRecordStore({ path: join(folder, 'records.db'), telemetry });
  try {
    const { keys } = store;
    const [first, second] = [1, 2].map(() => createIdempotency({ keys, logger: telemetry.logger }));
    const refusal = Promise.withResolvers<Delivered>();
    const acceptance = Promise.withResolvers<Delivered>();
    const turns: Turn[] = [];
    const refused = first?.once(request('task-1'), () => refusal.promise);
    const accepted = second?.once(request('task-2'), (turn) => {
      turns.push(turn);
      return acceptance.promise;
    });
    await expect.poll(() => turns).toMatchObject([{ taskId: 'task-1', isRepeat: true }]);
    refusal.resolve({ status: 'refused', problem: { code: 'QUEUE_FULL', detail: '' }, isUncertain: false });
    expect(await refused).toMatchObject({ status: 'refused' });
    acceptance.resolve({ status: 'accepted', answer: answerOf('task-1') });
    expect(await accepted).toMatchObject({ status: 'accepted', answer: { taskId: 'task-1' } });

    const again = await first?.once(request('task-3'), () => Promise.reject(new Error('must not be sent again')));
    expect(again).toMatchObject({ status: 'accepted', answer: { taskId: 'task-1' }, isReplayed: true });
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
});

function request(taskId: string) {
  return { tenantId: 'default', agentId: 'tester', key: 'k', bodyHash: 'h', taskId, traceId: taskId };
}

function answerOf(taskId: string) {
  const links = { task: '', trace: '', console: '' };
  return { taskId, traceId: taskId, correlationId: '', status: 'accepted', links } as const;
}
