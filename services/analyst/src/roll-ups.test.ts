import { createTelemetry } from '@tracepost/telemetry';
import { until } from '@tracepost/testing';
import { describe, expect, test } from 'vitest';
import { createRollUps } from './roll-ups.ts';

const NOW = Date.parse('2026-11-21T12:04:00.000Z');

describe('putting hours of metrics together', () => {
  test('goes on by itself, through the last hour that has settled, and stops when it is closed', async () => {
    const throughs: string[] = [];
    const rollUps = createRollUps({
      metrics: {
        rollUp: async (through) => {
          throughs.push(through.toISOString());
          return { hours: 1, late: 0 };
        },
      },
      ...givenTelemetry(),
      firstAfterMs: 1,
      everyMs: 1,
      now: () => NOW + throughs.length * 120_000,
    });
    rollUps.start();
    rollUps.start();
    await until(() => throughs.length >= 2);
    await rollUps.close();
    await rollUps.close();
    // At 12:04 points of the hour before may still be on their way.
    expect(throughs.slice(0, 2)).toEqual(['2026-11-21T11:00:00.000Z', '2026-11-21T12:00:00.000Z']);
    const count = throughs.length;
    rollUps.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(throughs).toHaveLength(count);
  });

  test('tells once that it fails and once that it works again', async () => {
    const { telemetry, lines } = givenTelemetry();
    let isAway = true;
    const rollUp = async () => {
      if (isAway) throw new Error('away');
      return { hours: 0, late: 0 };
    };
    const rollUps = createRollUps({ metrics: { rollUp }, telemetry });
    await rollUps.run();
    await rollUps.run();
    isAway = false;
    await rollUps.run();
    await rollUps.run();
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    await rollUps.close();
  });

  test('counts and names the metrics that failed alone', async () => {
    const { telemetry, lines } = givenTelemetry();
    const counts: unknown[] = [];
    const failed = Array.from({ length: 12 }, (_, at) => ({ name: `m${at}`, reason: 'too wide' }));
    const rollUps = createRollUps({
      metrics: { rollUp: async () => ({ hours: 1, late: 0, failed }) },
      telemetry: { ...telemetry, metrics: { ...telemetry.metrics, add: (...count) => void counts.push(count) } },
    });
    await rollUps.run();
    expect(counts).toEqual([['tracepost.metrics.rollup.failures', 12]]);
    expect(lines).toMatchObject([
      { level: 'warn', result: 'partial', reason: 'too wide', message: expect.stringContaining('12 metrics') },
    ]);
    expect(JSON.stringify(lines)).toContain('m9');
    expect(JSON.stringify(lines)).not.toContain('m10');
    await rollUps.close();
  });

  test('is ended by closing, without a word', async () => {
    const { telemetry, lines } = givenTelemetry();
    let hasBegun = false;
    const rollUps = createRollUps({
      metrics: {
        rollUp: (_, signal) =>
          new Promise((_resolve, reject) => {
            hasBegun = true;
            signal?.addEventListener('abort', () => reject(signal.reason));
          }),
      },
      telemetry,
      firstAfterMs: 1,
    });
    rollUps.start();
    await until(() => hasBegun);
    await rollUps.close();
    expect(lines).toEqual([]);
  });
});

function givenTelemetry() {
  const lines: { level: string }[] = [];
  const telemetry = createTelemetry({
    serviceName: 'tracepost-test',
    terminalLevel: 'info',
    write: (line) => lines.push(JSON.parse(line)),
  });
  return { telemetry, lines };
}
