import type { LedgerRow, StatusView } from '@tracepost/contracts';
import { describeWithDocker, until } from '@tracepost/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmbedded } from './installations/embedded.ts';
import { type FullInstallation, startFull } from './installations/full.ts';
import type { Installation } from './installations/installation.ts';

const NOTIFICATIONS = 200;
/** Reports every five seconds, a second in each queue, a look every five. */
const SETTLES_WITHIN_MS = 60_000;

describe('the ledger of the one process', () => {
  let embedded: Installation;
  beforeAll(async () => {
    embedded = await startEmbedded({ atMs: Date.now() });
  }, 120_000);
  afterAll(async () => embedded[Symbol.asyncDispose]());

  it('says of every signal to the unit what became of it, at every look', { timeout: 120_000 }, async () => {
    const looks = [await ledgerOf(embedded)];
    await load(embedded);
    await until(
      async () => {
        looks.push(await ledgerOf(embedded));
        const { spans, logs, metrics } = looks.at(-1) as Rows;
        return spans.produced > 5 * NOTIFICATIONS && [spans, logs, metrics].every(({ underWay }) => underWay === 0);
      },
      { timeoutMs: SETTLES_WITHIN_MS, everyMs: 1_000, what: 'the ledger to come to rest' },
    );
    for (const rows of looks)
      for (const row of Object.values(rows))
        expect(row).toMatchObject({ produced: sumOf(row), unaccounted: 0, dropped: 0 });
  });

  it('counts what it refused of other programs, by reason, within fifteen seconds', { timeout: 60_000 }, async () => {
    await expectRefusalsCounted(embedded, await ledgerOf(embedded), 15_000);
  });
});

describeWithDocker('the ledger of the full set', () => {
  let full: FullInstallation;
  beforeAll(async () => {
    full = await startFull({ atMs: Date.now() });
  }, 240_000);
  afterAll(async () => full[Symbol.asyncDispose](), 120_000);

  it('comes to rest with every span and line stored, over an outage of the store', { timeout: 240_000 }, async () => {
    const [influx] = full.wayToInfluxDb;
    await load(full);
    influx?.cut();
    await load(full);
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    influx?.restore();
    await until(async () => (await ledgerOf(full)).logs.hops.some(({ hop }) => hop === 'collector'), {
      timeoutMs: 60_000,
      what: 'the collector to have told of itself',
    });
    const rows = await atRest(full);
    for (const row of [rows.spans, rows.logs]) {
      expect(row).toMatchObject({ produced: row.stored, dropped: 0, underWay: 0, unaccounted: 0 });
      expect(row.hops.map(({ hop }) => hop)).toContain('collector');
    }
    expect(rows.spans.produced).toBeGreaterThan(10 * NOTIFICATIONS);
    // Reports are points themselves, and are made all the time: between two of them there is an instant at which all have arrived.
    const looks = [rows.metrics];
    const metrics = await until(
      async () => {
        const row = (await ledgerOf(full)).metrics;
        looks.push(row);
        return row.underWay === 0 && row;
      },
      { timeoutMs: 60_000, everyMs: 1_000, what: 'every point to have arrived' },
    );
    for (const row of looks) expect(row).toMatchObject({ produced: sumOf(row), dropped: 0, unaccounted: 0 });
    expect(metrics.produced).toBe(metrics.stored);
    expect(metrics.produced).toBeGreaterThanOrEqual(rows.metrics.stored);
  });

  it('counts what the ingest refuses, when it came through the collector', { timeout: 120_000 }, async () => {
    await expectRefusalsCounted(full, await atRest(full), 30_000);
    const { spans, logs } = await atRest(full);
    for (const row of [spans, logs])
      expect(row).toMatchObject({ produced: row.stored + row.dropped, unaccounted: 0, underWay: 0 });
  });
});

type Rows = Readonly<Record<'spans' | 'logs' | 'metrics', LedgerRow>>;

async function statusOf({ client }: Installation): Promise<StatusView> {
  return (await client.call('/api/v1/status')).json<StatusView>();
}

async function ledgerOf(installation: Installation): Promise<Rows> {
  const status = await until(
    async () => {
      const found = await statusOf(installation);
      return found.ledger.length === 3 && found;
    },
    { what: 'the first look of the ledger', timeoutMs: 30_000 },
  );
  expect(lostBySignal(status)).toEqual(status.ledger.map(({ signal, dropped }) => [signal, dropped]));
  return Object.fromEntries(status.ledger.map((row) => [row.signal, row])) as Rows;
}

/** Every reason together: what `dropped` has to say. */
function lostBySignal({ ledger, losses }: StatusView): [string, number][] {
  return ledger.map(({ signal }) => [
    signal,
    losses.reduce((sum, loss) => sum + (loss.signal === signal ? loss.count : 0), 0),
  ]);
}

/** Nothing new was made and nothing is under way, twice in a row. */
async function atRest(installation: Installation): Promise<Rows> {
  let last = '';
  return until(
    async () => {
      const rows = await ledgerOf(installation);
      const now = JSON.stringify([rows.spans, rows.logs]);
      const isAtRest = now === last && rows.spans.underWay === 0 && rows.logs.underWay === 0;
      last = now;
      return isAtRest && rows;
    },
    { timeoutMs: 120_000, everyMs: 6_000, what: 'the ledger to come to rest' },
  );
}

function sumOf({ stored, dropped, sampledOut, underWay, unaccounted }: LedgerRow): number {
  return stored + dropped + sampledOut + underWay + unaccounted;
}

/** Twenty at a time; a gateway that is slow, as on a machine with much else to do, takes fewer, and says to come again. */
async function load({ client }: Installation): Promise<void> {
  const notification = { notificationType: 'weather.forecast', payload: { location: 'Lisbon' } };
  const one = () =>
    until(
      async () => {
        const { status, text } = await client.notify('weather', notification);
        expect([202, 503], text).toContain(status);
        return status === 202;
      },
      { timeoutMs: 60_000, everyMs: 200, what: 'a notification to be taken' },
    );
  for (let sent = 0; sent < NOTIFICATIONS; sent += 20) await Promise.all(Array.from({ length: 20 }, one));
}

const [GOOD, BAD] = [70, 30];
const REASONS = { spans: 'ends_before_start', logs: 'invalid_time', metrics: 'invalid_time' } as const;
const NAMES = ['spans', 'logs', 'metrics'] as const;

/** Of each signal some are wrong: they are dropped, and the good ones are not. */
async function expectRefusalsCounted(installation: Installation, before: Rows, withinMs: number): Promise<void> {
  await sendSignals(installation);
  const rows = await until(
    async () => {
      const found = await ledgerOf(installation);
      return NAMES.every((signal) => found[signal].dropped >= before[signal].dropped + BAD) && found;
    },
    { timeoutMs: withinMs, what: 'what was refused to be seen' },
  );
  const { losses } = await statusOf(installation);
  for (const signal of NAMES) {
    const row = rows[signal];
    expect(row).toMatchObject({ dropped: before[signal].dropped + BAD, produced: sumOf(row), unaccounted: 0 });
    expect(row.produced - before[signal].produced).toBeGreaterThanOrEqual(GOOD + BAD);
    expect(losses).toContainEqual({ signal, reason: REASONS[signal], count: BAD });
  }
}

/** As another program: over OTLP, spans with an end before their start, lines and points of 1970. */
async function sendSignals({ otlpHttpUrl }: Installation): Promise<void> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const places = Array.from({ length: GOOD + BAD }, (_, at) => at);
  const timeUnixNano = (at: number) => String(at < GOOD ? now + BigInt(at) : 1n);
  const spans = places.map((at) => ({
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: (at + 1).toString(16).padStart(16, '0'),
    name: 'theirs',
    kind: 1,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(at < GOOD ? now + 1n : now - 1_000_000n),
  }));
  const logRecords = places.map((at) => ({ timeUnixNano: timeUnixNano(at), body: { stringValue: `line ${at}` } }));
  const dataPoints = places.map((at) => ({ timeUnixNano: timeUnixNano(at), asDouble: at }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'theirs' } }] };
  const scope = { name: 'theirs' };
  await send('traces', { resourceSpans: [{ resource, scopeSpans: [{ scope, spans }] }] });
  await send('logs', { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords }] }] });
  const metrics = [{ name: 'theirs', gauge: { dataPoints } }];
  await send('metrics', { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] });

  async function send(path: string, body: object): Promise<void> {
    const answer = await fetch(`${otlpHttpUrl}/v1/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status).toBe(200);
  }
}
