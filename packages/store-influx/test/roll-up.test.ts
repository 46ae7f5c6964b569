import type { MetricSignal } from '@tracepost/contracts';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, useInfluxDb } from '@tracepost/testing';
import { expect, test } from 'vitest';
import { createInfluxStores } from '../src/index.ts';

const BEGIN = Date.parse('2026-11-20T09:00:00.000Z');
const MINUTE = 60_000;
const THROUGH = new Date(BEGIN + 30 * 60 * MINUTE);

describeWithDocker('hours of metrics in InfluxDB', () => {
  const influxDb = useInfluxDb();
  const open = () =>
    createInfluxStores({ ...influxDb(), telemetry: createTelemetry({ serviceName: 'tracepost-test' }) });

  test('are the same to the byte, wherever putting them together was ended and however often it is done again', async () => {
    // Each time by another process, as after a crash.
    const writing = open();
    await writing.metrics.writeMetrics(points());
    await writing.close();
    let ends = 0;
    for (let steps = 0; ; steps++) {
      const { metrics, close } = open();
      const isDone = await metrics.rollUp(THROUGH, endingAfter(steps)).then(
        () => true,
        () => false,
      );
      await close();
      if (isDone) break;
      ends++;
    }
    expect(ends).toBeGreaterThan(3);
    const once = await hours();
    expect(once).toContain('histogram:');
    const again = open();
    // They mark their hours, which are done again.
    await again.metrics.writeMetrics(points());
    const { late } = await again.metrics.rollUp(THROUGH);
    expect(late).toBeGreaterThan(0);
    expect(await hours()).toBe(once);
    expect(await again.metrics.rollUp(THROUGH)).toEqual({ hours: 0, late: 0 });
    await again.close();
  });

  /** All rows of the three metrics as InfluxDB gives them. */
  async function hours(): Promise<string> {
    const { url, org, token, rollUpsBucket } = influxDb();
    const answer = await fetch(`${url}/api/v2/query?org=${org}`, {
      method: 'POST',
      headers: { authorization: `Token ${token}`, 'content-type': 'application/vnd.flux' },
      body: `from(bucket: "${rollUpsBucket}") |> range(start: 2026-11-01T00:00:00Z, stop: 2026-12-01T00:00:00Z)
        |> filter(fn: (r) => r._measurement =~ /^(sold|level|took)$/) |> drop(columns: ["_start", "_stop"])`,
    });
    return (await answer.text()).split('\n').sort().join('\n');
  }
});

/** Stands for a process that is killed: ends the work at its n-th look at the signal. */
function endingAfter(steps: number): AbortSignal {
  let left = steps;
  return {
    throwIfAborted() {
      if (left-- === 0) throw new Error('ended');
    },
  } as AbortSignal;
}

function points(): MetricSignal[] {
  return Array.from({ length: 100 }, (_, index) => (index + 1) * 17).flatMap((minute) => [
    point('sold', minute, { type: 'sum', value: minute / 3, isMonotonic: true, temporality: 'cumulative' }),
    point('level', minute, { type: 'gauge', value: Math.sin(minute) }),
    point('took', minute, {
      type: 'histogram',
      temporality: 'cumulative',
      count: minute,
      sum: minute / 7,
      min: null,
      max: null,
      bounds: [0.1, 1],
      bucketCounts: [minute - 1, 0, 1],
    }),
  ]);
}

function point(name: string, minute: number, data: MetricSignal['data']): MetricSignal {
  return {
    origin: { service: 's', resource: { 'service.instance.id': 'i' }, scopeName: '', scopeVersion: '' },
    name,
    unit: '1',
    description: '',
    attributes: {},
    startTimeUnixNano: BigInt(BEGIN + (minute < 500 ? 0 : 500) * MINUTE) * 1_000_000n,
    timeUnixNano: BigInt(BEGIN + minute * MINUTE) * 1_000_000n,
    data,
  };
}
