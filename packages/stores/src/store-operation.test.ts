import { setTimeout as sleep } from 'node:timers/promises';
import { createTelemetry } from '@tracepost/telemetry';
import { expect, it } from 'vitest';
import { measureStore } from './store-operation.ts';

it('a slow operation is told of once, by its name and not by what it asked for', async () => {
  const { telemetry, lines } = given();
  const ask = () =>
    measureStore(telemetry, { system: 'influxdb', operation: 'query_logs', logger: telemetry.logger }, slow);
  expect(await ask()).toBe('hunter2');
  await ask();
  expect(lines).toMatchObject([
    {
      level: 'warn',
      layer: 'store',
      action: 'service:influxdb:query_logs',
      statement: 'influxdb query_logs',
      fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/),
      durationMs: expect.any(Number),
    },
  ]);
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});

it('a slow operation that fails is told of too; a quick one is not', async () => {
  const { telemetry, lines } = given();
  const operation = { system: 'jaeger', operation: 'get_trace', logger: telemetry.logger };
  await measureStore(telemetry, operation, async () => 'quick');
  expect(lines).toEqual([]);
  const failing = measureStore(telemetry, operation, async () => {
    await slow();
    throw new Error('away');
  });
  await expect(failing).rejects.toThrow('away');
  expect(lines).toHaveLength(1);
});

async function slow(): Promise<string> {
  await sleep(210);
  return 'hunter2';
}

function given() {
  const lines: unknown[] = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  return { telemetry: createTelemetry({ serviceName: 'test', terminalLevel: 'debug', write }), lines };
}
