import type { LogView, TraceView } from '@tracepost/contracts';
import { until } from '@tracepost/testing';
import { describe, expect, it } from 'vitest';
import type { FullInstallation } from './installations/full.ts';
import { attributes, type Json, nanos, post, resource, type Value } from './vectors/otlp.ts';

const SPANS_PER_BATCH = 10;
const EVERY_MS = 250;
const OUTAGE_MS = 10_000;
/** What is promised: everything is there again at most twice as long after an outage as it lasted. */
const BACKFILL_MS = 2 * OUTAGE_MS;

interface Batch {
  readonly traceId: string;
  readonly service: string;
}

/** One store away at a time, behind the real collector: the other signals do not notice, and nothing that was accepted is missing afterwards. */
export function describeOutages(full: () => FullInstallation): void {
  describe('a store that is away for a while', () => {
    it('Jaeger: lines and metrics come through meanwhile, and every span is there afterwards', async () => {
      const { client, wayToJaeger, otlpHttpUrl } = full();
      const service = 'outage-of-jaeger';
      for (const proxy of wayToJaeger) proxy.cut();
      const batches = await sendFor(OUTAGE_MS, otlpHttpUrl, service);
      // Each line is there long before Jaeger is.
      await untilLines(service, batches.length, 10_000);
      await untilCounted(service, batches.length, 10_000);
      expect((await client.call(`/api/v1/traces/${batches[0]?.traceId}`)).status).toBe(503);
      expect((await client.call('/health/ready')).status).toBe(200);

      for (const proxy of wayToJaeger) proxy.restore();
      await untilSpans(batches, BACKFILL_MS);
    }, 90_000);

    it('InfluxDB: spans come through meanwhile, and every line and point is there afterwards, once', async () => {
      const { client, wayToInfluxDb, otlpHttpUrl } = full();
      const service = 'outage-of-influxdb';
      for (const proxy of wayToInfluxDb) proxy.cut();
      const batches = await sendFor(OUTAGE_MS, otlpHttpUrl, service);
      await untilSpans(batches, 10_000);
      expect((await client.call(`/api/v1/logs?service=${service}`)).status).toBe(503);
      expect((await client.call('/health/ready')).status).toBe(200);

      for (const proxy of wayToInfluxDb) proxy.restore();
      await untilLines(service, batches.length, BACKFILL_MS);
      await untilCounted(service, batches.length, BACKFILL_MS);
    }, 90_000);

    it('for as many bytes as its queue has: past them spans are refused, lines are not, and what was accepted comes through', async () => {
      const queueBytes = 128 * 1024;
      await using collector = await full().startCollector({ queueBytes });
      const service = 'full-queue';
      for (const proxy of full().wayToJaeger) proxy.cut();
      const accepted: Batch[] = [];
      let refused: Batch | null = null;
      for (let n = 0; refused === null; n++) {
        if (n > 2_000) throw new Error('two thousand batches, and the queue is not full');
        const batch = { traceId: traceIdOf(service, n), service };
        const { status } = await post(collector.otlpHttpUrl, 'traces', JSON.stringify(spansOf(batch)));
        if (status === 200) accepted.push(batch);
        else {
          expect(status).toBe(503);
          refused = batch;
        }
      }
      expect(accepted.length).toBeGreaterThan(10);
      const line = JSON.stringify(lineOf(refused));
      expect((await post(collector.otlpHttpUrl, 'logs', line)).status).toBe(200);
      await untilLines(service, 1, 10_000);

      for (const proxy of full().wayToJaeger) proxy.restore();
      await untilSpans(accepted, BACKFILL_MS);
      // Whoever was refused has kept it and sends again.
      const last = refused;
      await until(
        async () => (await post(collector.otlpHttpUrl, 'traces', JSON.stringify(spansOf(last)))).status === 200,
        {
          timeoutMs: BACKFILL_MS,
          everyMs: 250,
          what: 'room in the queue',
        },
      );
      await untilSpans([last], BACKFILL_MS);
    }, 120_000);

    async function untilSpans(batches: readonly Batch[], timeoutMs: number): Promise<void> {
      const missing = new Set(batches.map(({ traceId }) => traceId));
      await until(
        async () => {
          for (const traceId of missing) {
            const answer = await full().client.call(`/api/v1/traces/${traceId}`);
            if (answer.status !== 200 || answer.json<TraceView>().spans.length !== SPANS_PER_BATCH) return false;
            missing.delete(traceId);
          }
          return true;
        },
        { timeoutMs, everyMs: 200, what: `the spans of ${batches[0]?.service}` },
      ).catch((error: Error) => {
        throw new Error(`${error.message}; ${missing.size} of ${batches.length} traces are missing`, { cause: error });
      });
    }

    async function untilLines(service: string, count: number, timeoutMs: number): Promise<void> {
      let seen: number | undefined;
      await until(
        async () => {
          const answer = await full().client.call(`/api/v1/logs?service=${service}&limit=1000`);
          seen = answer.status === 200 ? answer.json<{ items: LogView[] }>().items.length : undefined;
          return seen === count;
        },
        { timeoutMs, everyMs: 200, what: `the lines of ${service}` },
      ).catch((error: Error) => {
        throw new Error(`${error.message}; ${seen} of ${count} were there`, { cause: error });
      });
    }

    /** The counter has grown by one with each batch. */
    async function untilCounted(service: string, count: number, timeoutMs: number): Promise<void> {
      let seen: string | undefined;
      await until(
        async () => {
          const answer = await full().client.call(`/api/v1/metrics/${counterOf(service)}?aggregation=SUM`);
          seen = `${answer.status} ${JSON.stringify(answer.json())}`;
          if (answer.status !== 200) return false;
          const { series } = answer.json<{ series: { points: [string, number][] }[] }>();
          return series[0]?.points[0]?.[1] === count;
        },
        { timeoutMs, everyMs: 200, what: `the points of ${service}` },
      ).catch((error: Error) => {
        throw new Error(`${error.message}; ${count} were sent, and the last answer was ${seen}`, { cause: error });
      });
    }
  });
}

/** Numbered batches of spans, a line and a point each, at a steady pace; every one has been accepted. */
async function sendFor(durationMs: number, otlpHttpUrl: string, service: string): Promise<Batch[]> {
  const batches: Batch[] = [];
  const beganMs = Date.now();
  while (Date.now() - beganMs < durationMs) {
    const batch = { traceId: traceIdOf(service, batches.length), service };
    batches.push(batch);
    const requests = {
      traces: spansOf(batch),
      logs: lineOf(batch),
      metrics: pointOf(service, batches.length, beganMs),
    } as const;
    for (const signal of ['traces', 'logs', 'metrics'] as const) {
      const { status, text } = await post(otlpHttpUrl, signal, JSON.stringify(requests[signal]));
      expect(status, text).toBe(200);
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
  return batches;
}

function traceIdOf(service: string, n: number): string {
  return Buffer.from(service.padEnd(12).slice(-12)).toString('hex') + n.toString(16).padStart(8, '0');
}

function counterOf(service: string): string {
  return `${service.replaceAll('-', '.')}.batches`;
}

function spansOf({ traceId, service }: Batch): Json {
  const spans = Array.from({ length: SPANS_PER_BATCH }, (_, at) => ({
    traceId,
    spanId: (at + 1).toString(16).padStart(16, '0'),
    ...(at === 0 ? {} : { parentSpanId: '0000000000000001' }),
    name: `step ${at}`,
    startTimeUnixNano: nanos(Date.now() + at),
    endTimeUnixNano: nanos(Date.now() + at + 1),
    attributes: attributes({ at, text: 'of some length, as real ones have '.repeat(4) }),
  }));
  return { resourceSpans: [{ resource: resource(service), scopeSpans: [{ spans }] }] };
}

function lineOf({ traceId, service }: Batch): Json {
  const line = {
    timeUnixNano: nanos(Date.now()),
    severityNumber: 9,
    body: { stringValue: `batch ${traceId}` },
    traceId,
    spanId: '0000000000000001',
  };
  return { resourceLogs: [{ resource: resource(service), scopeLogs: [{ logRecords: [line] }] }] };
}

function pointOf(service: string, value: number, beganMs: number): Json {
  const point = {
    startTimeUnixNano: nanos(beganMs),
    timeUnixNano: nanos(Date.now()),
    asInt: String(value),
    attributes: attributes({ of: service } as Readonly<Record<string, Value>>),
  };
  const sum = { aggregationTemporality: 2, isMonotonic: true, dataPoints: [point] };
  const metrics = [{ name: counterOf(service), unit: '{batch}', description: 'Batches sent', sum }];
  return { resourceMetrics: [{ resource: resource(service), scopeMetrics: [{ metrics }] }] };
}
