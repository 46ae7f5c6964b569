import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithDocker, startFaultProxy, until, useRabbitMq } from '@tracepost/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { announce, connectTo, notify } from './helpers/open-rabbit-gateway.ts';
import { takeAll } from './helpers/take-all.ts';

describeWithDocker('a gateway that is killed with a filled outbox', () => {
  const server = useRabbitMq();
  let folder: string;
  const children: ChildProcess[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tracepost-killed-'));
    await writeFile(join(folder, 'secret'), 'secret');
    await writeFile(join(folder, 'password'), server().password);
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  /** The shipped gateway; of what it needs only the broker is there. */
  async function start(brokerPort: number) {
    const child = spawn(process.execPath, ['--import', '@tracepost/telemetry/start', 'src/main.ts'], {
      cwd: join(import.meta.dirname, '..'),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        TRACEPOST_TELEMETRY: 'off',
        TRACEPOST_PORT: '0',
        TRACEPOST_RABBITMQ_URL: `amqp://127.0.0.1:${brokerPort}`,
        TRACEPOST_RABBITMQ_USER: server().username,
        TRACEPOST_RABBITMQ_PASSWORD_FILE: join(folder, 'password'),
        TRACEPOST_POSTGRES_HOST: '127.0.0.1',
        TRACEPOST_POSTGRES_PORT: '1',
        TRACEPOST_POSTGRES_PASSWORD_FILE: join(folder, 'secret'),
        TRACEPOST_INFLUXDB_URL: 'http://127.0.0.1:1',
        TRACEPOST_INFLUXDB_TOKEN_FILE: join(folder, 'secret'),
        TRACEPOST_JAEGER_URL: 'http://127.0.0.1:1',
        TRACEPOST_ARTIFACTS_DIR: join(folder, 'artifacts'),
        TRACEPOST_OUTBOX_DIR: join(folder, 'outbox'),
      },
    });
    children.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data));
    const url = await until(() => /listening at (http:\/\/[\d.:]+)/.exec(output)?.[1], {
      timeoutMs: 30_000,
      what: 'the gateway to listen',
    });
    return { child, url };
  }

  test('sends everything after its restart, in order', { timeout: 120_000 }, async () => {
    await using proxy = await startFaultProxy({ port: server().port });
    const other = connectTo(server(), server().port);
    const agentId = `a-${randomUUID().slice(0, 8)}`;
    const first = await start(proxy.port);
    await announce(other, first.url, agentId);

    proxy.cut();
    const accepted: string[] = [];
    for (let index = 0; index < 100; index += 1) {
      const { status, taskId } = await notify(first.url, agentId);
      expect(status).toBe(202);
      accepted.push(taskId);
    }
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');

    const second = await start(proxy.port);
    proxy.restore();
    const sent = await takeAll(other, `agent.${agentId}`, { atLeast: accepted.length });
    expect([...new Set(sent.map(({ messageId }) => messageId))]).toEqual(accepted);
    second.child.kill('SIGTERM');
    await once(second.child, 'exit');
    await other.close();
  });
});
