import type { MetricSignal } from '@tracepost/contracts';
import { type MetricStore, StoreUnavailableError } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { describeWithDocker, useInfluxDb } from '@tracepost/testing';
import { expect, test } from 'vitest';
import { createConnection } from '../src/connection.ts';
import { createInfluxStores } from '../src/index.ts';
import { createInfluxMetrics } from '../src/metrics.ts';
import { createRowReader } from '../src/query-rows.ts';
import { createSeriesStream } from '../src/query-series.ts';
import { createLineWriter } from '../src/write-lines.ts';

const BEGIN = Date.parse('2026-11-20T09:00:00.000Z');
const MINUTE = 60_000;
const THROUGH = new Date(BEGIN + 30 * 60 * MINUTE);
/** Each 30 hours that nobody has put together. */
const [NEXT, LAST] = [BEGIN + 30 * 60 * MINUTE, BEGIN + 60 * 60 * MINUTE];
const [NEXT_THROUGH, LAST_THROUGH] = [new Date(LAST), new Date(BEGIN + 90 * 60 * MINUTE)];

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

  test('fail alone: those of the others are put together, and the metric is tried again later', async () => {
    const troubled = givenTroubledReading();
    const { store } = troubled;
    await store.writeMetrics(points('.alone', NEXT));
    troubled.fails = (select) => select.includes('"level.alone"');
    const report = await store.rollUp(NEXT_THROUGH);
    expect(report).toMatchObject({
      hours: 30,
      failed: [{ name: 'level.alone', reason: expect.stringContaining('too wide') }],
    });
    // Nothing is asked about it again now, and its hours are read as points.
    const tries = troubled.tries;
    expect(await store.rollUp(NEXT_THROUGH)).toEqual({ hours: 0, late: 0 });
    expect(troubled.tries).toBe(tries);
    expect(await hours('alone')).toContain('counter');
    expect(await hours('alone')).not.toContain('gauge');
    await expect(count(store, 'level.alone')).rejects.toThrow('too wide');
    expect(await count(store, 'sold.alone')).toBe(100);
    troubled.fails = () => false;
    expect(await count(store, 'level.alone')).toBe(100);
    troubled.laterMs += 11 * MINUTE;
    expect((await store.rollUp(NEXT_THROUGH)).late).toBeGreaterThan(0);
    expect(await hours('alone')).toContain('gauge');
    expect(await count(store, 'level.alone')).toBe(100);
    expect(await store.rollUp(NEXT_THROUGH)).toEqual({ hours: 0, late: 0 });
    await store.close();
  });

  test('are read one by one where they cannot be read together, such as full ones behind empty ones', async () => {
    const troubled = givenTroubledReading();
    const { store } = troubled;
    await store.writeMetrics(points('.full'));
    troubled.fails = (select) => select.startsWith('SELECT * FROM "level.full"') && hoursAsked(select) > 1;
    expect((await store.rollUp(THROUGH)).failed).toBeUndefined();
    expect(troubled.tries).toBeGreaterThan(0);
    expect(await hours('full')).toContain('gauge');
    troubled.fails = () => false;
    expect(await count(store, 'level.full')).toBe(100);
    await store.close();
  });

  test('wait twice as long after each failure', async () => {
    const troubled = givenTroubledReading();
    const { store } = troubled;
    await store.writeMetrics(points('.often'));
    troubled.fails = (select) => select.includes('"level.often"');
    const failures: number[] = [];
    for (let minute = 0; minute < 80; minute += 5) {
      const { failed } = await store.rollUp(THROUGH);
      if (failed) failures.push(minute);
      troubled.laterMs += 5 * MINUTE;
    }
    expect(failures).toEqual([0, 10, 30, 70]);
    await store.close();
  });

  test('are not put together at all while InfluxDB answers nothing, and then all of them are', async () => {
    const troubled = givenTroubledReading();
    const { store } = troubled;
    await store.writeMetrics(points('.away', LAST));
    troubled.fails = () => true;
    await expect(store.rollUp(LAST_THROUGH)).rejects.toThrow('too wide');
    troubled.fails = () => false;
    troubled.laterMs += 11 * MINUTE;
    const report = await store.rollUp(LAST_THROUGH);
    expect(report).toMatchObject({ hours: 30 });
    expect(report.failed).toBeUndefined();
    for (const name of ['sold.away', 'level.away', 'took.away']) expect(await hours('away')).toContain(name);
    await store.close();
  });

  test('wait for a point that has marked its hour and is still on its way when the hour is done again', async () => {
    const troubled = givenTroubledReading();
    const { store } = troubled;
    const [first, second, third] = points('.late').filter(({ name }) => name === 'level.late');
    if (!first || !second || !third) throw new Error('there are points');
    await store.writeMetrics([first, second]);
    await store.rollUp(THROUGH);
    let written: Promise<unknown> | null = null;
    const begun = Promise.withResolvers<void>();
    troubled.beforeWriting = async () => {
      begun.resolve();
      // Long enough for everything to be read, if nobody waited.
      await new Promise((resolve) => setTimeout(resolve, 500));
    };
    troubled.afterAskingForHours = async () => {
      written ??= store.writeMetrics([third]);
      await begun.promise;
    };
    await store.rollUp(THROUGH);
    expect(written).not.toBeNull();
    await written;
    expect(await count(store, 'level.late')).toBe(3);
    await store.rollUp(THROUGH);
    expect(await count(store, 'level.late')).toBe(3);
    await store.close();
  });

  /** What can be read is decided by the test: no InfluxDB fails for one metric when it is told to. */
  function givenTroubledReading() {
    const telemetry = createTelemetry({ serviceName: 'tracepost-test' });
    const connection = createConnection(influxDb());
    const { metricsBucket: bucket, rollUpsBucket } = influxDb();
    const read = createSeriesStream(connection, telemetry);
    const trouble = {
      fails: (_select: string): boolean => false,
      tries: 0,
      laterMs: 0,
      beforeWriting: async (): Promise<void> => {},
      afterAskingForHours: async (): Promise<void> => {},
    };
    const writer = createLineWriter({ connection, bucket, signal: 'metrics', telemetry });
    const query = createRowReader(connection, telemetry);
    const store = createInfluxMetrics({
      bucket,
      rollUpsBucket,
      writer: {
        async write(lines, refused) {
          await trouble.beforeWriting();
          return writer.write(lines, refused);
        },
      },
      rollUpsWriter: createLineWriter({ connection, bucket: rollUpsBucket, signal: 'metrics', telemetry }),
      async query(asked) {
        const rows = await query(asked);
        if (asked.operation === 'read_rolled') await trouble.afterAskingForHours();
        return rows;
      },
      series: async (query, take) => {
        if (!trouble.fails(query.select)) return read(query, take);
        trouble.tries++;
        throw new StoreUnavailableError('influxdb', 'InfluxDB cannot be asked: too wide');
      },
      now: () => Date.now() + trouble.laterMs,
      ping: async () => {},
      close: () => connection.close(),
    });
    return Object.assign(trouble, { store });
  }

  async function count(store: MetricStore, name: string): Promise<number | null | undefined> {
    const range = { from: new Date(BEGIN), to: LAST_THROUGH };
    const answer = await store.queryMetric({
      ...{ name, ...range, everyMs: null, groupBy: [], where: {} },
      aggregation: 'COUNT',
    });
    return answer.status === 'answered' ? answer.series[0]?.points[0]?.value : null;
  }

  /** All rows of the three metrics as InfluxDB gives them. */
  async function hours(mark?: string): Promise<string> {
    const { url, org, token, rollUpsBucket } = influxDb();
    const answer = await fetch(`${url}/api/v2/query?org=${org}`, {
      method: 'POST',
      headers: { authorization: `Token ${token}`, 'content-type': 'application/vnd.flux' },
      body: `from(bucket: "${rollUpsBucket}") |> range(start: 2026-11-01T00:00:00Z, stop: 2026-12-01T00:00:00Z)
        |> filter(fn: (r) => r._measurement =~ /^(sold|level|took)${mark ? `.${mark}` : ''}$/) |> drop(columns: ["_start", "_stop"])`,
    });
    return (await answer.text()).split('\n').sort().join('\n');
  }
});

/** Of a question for all points of a time; 0 of others. */
function hoursAsked(select: string): number {
  const [, from = '0', to = '0'] = /time >= (\d+) AND time < (\d+) GROUP BY \*$/.exec(select) ?? [];
  return Number((BigInt(to) - BigInt(from)) / 3_600_000_000_000n);
}

/** Stands for a process that is killed: ends the work at its n-th look at the signal. */
function endingAfter(steps: number): AbortSignal {
  let left = steps;
  return {
    throwIfAborted() {
      if (left-- === 0) throw new Error('ended');
    },
  } as AbortSignal;
}

function points(mark = '', beginMs = BEGIN): MetricSignal[] {
  const later = BigInt(beginMs - BEGIN) * 1_000_000n;
  const all = Array.from({ length: 100 }, (_, index) => (index + 1) * 17).flatMap((minute) => [
    point(`sold${mark}`, minute, { type: 'sum', value: minute / 3, isMonotonic: true, temporality: 'cumulative' }),
    point(`level${mark}`, minute, { type: 'gauge', value: Math.sin(minute) }),
    point(`took${mark}`, minute, {
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
  return all.map((one) => ({
    ...one,
    startTimeUnixNano: one.startTimeUnixNano + later,
    timeUnixNano: one.timeUnixNano + later,
  }));
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
