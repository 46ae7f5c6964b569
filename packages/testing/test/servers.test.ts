import { createConnection } from 'node:net';
import { expect, test } from 'vitest';
import { describeWithDocker, startInfluxDb, startJaeger, startPostgres, startRabbitMq } from '../src/index.ts';

describeWithDocker('servers for tests', () => {
  test('RabbitMQ keeps its port over a restart and answers commands', async () => {
    await using rabbit = await startRabbitMq();
    await rabbit.restart();
    await expect(accepts(rabbit.port)).resolves.toBe(true);
    await expect(rabbit.ctl('list_users')).resolves.toContain(rabbit.username);
  });

  test('Postgres makes databases beside the first one', async () => {
    await using postgres = await startPostgres();
    await expect(postgres.createDatabase()).resolves.toMatch(/^test_/);
    await expect(accepts(postgres.port)).resolves.toBe(true);
  });

  test('InfluxDB has a bucket for metrics and one for logs', async () => {
    await using influx = await startInfluxDb();
    const headers = { authorization: `Token ${influx.token}` };
    const answer = await fetch(`${influx.url}/api/v2/buckets?org=${influx.org}`, { headers });
    const { buckets } = (await answer.json()) as { buckets: { name: string }[] };
    expect(buckets.map(({ name }) => name)).toEqual(expect.arrayContaining([influx.metricsBucket, influx.logsBucket]));
  });

  test('Jaeger answers its query API', async () => {
    await using jaeger = await startJaeger();
    const answer = await fetch(`${jaeger.url}/api/v3/services`);
    expect(answer.status).toBe(200);
  });
});

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
