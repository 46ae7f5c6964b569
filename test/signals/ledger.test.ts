import type { LedgerRow, StatusView, TraceSummary, TraceView } from '@tracepost/contracts';
import { describeWithDocker, until } from '@tracepost/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
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
    const looks: { readonly rows: Rows; readonly spansThere: number }[] = [];
    const look = async (): Promise<Rows> => {
      const rows = await ledgerOf(embedded);
      looks.push({ rows, spansThere: await countSpans(embedded, new Date().toISOString()) });
      return rows;
    };
    await look();
    await load(embedded);
    await until(
      async () => {
        const { spans, logs, metrics } = await look();
        return spans.produced > 5 * NOTIFICATIONS && [spans, logs, metrics].every(({ underWay }) => underWay === 0);
      },
      { timeoutMs: SETTLES_WITHIN_MS, everyMs: 1_000, what: 'the ledger to come to rest' },
    );
    for (const { rows, spansThere } of looks) {
      for (const row of Object.values(rows)) expect(row).toMatchObject({ unaccounted: 0, dropped: 0 });
      expect(rows.spans.stored).toBeLessThanOrEqual(spansThere);
    }
    await expectWhatIsThere(embedded);
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
    await expectWhatIsThere(full);
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
    for (const row of looks) expect(row).toMatchObject({ dropped: 0, unaccounted: 0 });
    expect(metrics.produced).toBe(metrics.stored);
    expect(metrics.produced).toBeGreaterThanOrEqual(rows.metrics.stored);
  });

  it('calls nothing stored that waits for Jaeger, and all of it once Jaeger has it', { timeout: 240_000 }, async () => {
    const { spans: before } = await atRest(full);
    for (const way of full.wayToJaeger) way.cut();
    onTestFinished(() => {
      for (const way of full.wayToJaeger) way.restore();
    });
    await load(full);
    const looks: LedgerRow[] = [];
    await until(
      async () => {
        looks.push((await ledgerOf(full)).spans);
        return taken(looks.at(-1)) >= taken(before) + 5 * NOTIFICATIONS;
      },
      { timeoutMs: 60_000, everyMs: 1_000, what: 'the analyst to have told of its spans' },
    );
    // Some reports of the collector later still: what waits there is nobody's but Jaeger's.
    for (let seconds = 0; seconds < 25; seconds += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      looks.push((await ledgerOf(full)).spans);
    }
    for (const row of looks) {
      expect(row).toMatchObject({ stored: before.stored, dropped: before.dropped, unaccounted: 0, sampledOut: 0 });
      expect(row.underWay).toBe(row.produced - before.produced);
    }
    expect(looks.at(-1)?.underWay).toBeGreaterThanOrEqual(5 * NOTIFICATIONS);

    for (const way of full.wayToJaeger) way.restore();
    const { spans: after } = await atRest(full);
    expect(after).toMatchObject({ stored: after.produced - before.dropped, dropped: before.dropped, unaccounted: 0 });
    expect(after.stored).toBeGreaterThanOrEqual(before.stored + 5 * NOTIFICATIONS);
  });

  it('counts as stored what Jaeger keeps of a trace that the analyst has enough of, and shows its beginning', {
    timeout: 240_000,
  }, async () => {
    const { spans: before } = await atRest(full);
    const total = 52_000;
    await sendLongTrace(full, total);
    await until(async () => (await ledgerOf(full)).spans.produced >= before.produced + total, {
      timeoutMs: 90_000,
      everyMs: 1_000,
      what: 'the long trace to be counted',
    });
    const { spans: after } = await atRest(full);
    expect(after).toMatchObject({ stored: before.stored + total, dropped: before.dropped, unaccounted: 0 });
    expect(taken(after)).toBe(taken(before) + 50_000);
    const answer = await full.client.call(`/api/v1/traces/${LONG_TRACE}`);
    expect(answer.status, answer.text.slice(0, 500)).toBe(200);
    const { spans, truncated } = answer.json<TraceView>();
    expect(truncated).toBe(true);
    expect(spans).toHaveLength(10_000);
    expect(spans.every(({ name }, place) => name === `step ${place}`)).toBe(true);
  });

  it('counts what the ingest refuses, when it came through the collector', { timeout: 180_000 }, async () => {
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

/** Nothing new was made and nothing is under way, for longer than a report and a look take together. */
async function atRest(installation: Installation): Promise<Rows & { readonly since: string }> {
  let last = '';
  let times = 0;
  let since = '';
  return until(
    async () => {
      const askedAt = new Date().toISOString();
      const rows = await ledgerOf(installation);
      const now = JSON.stringify([rows.spans, rows.logs]);
      times = now === last ? times + 1 : 0;
      if (times === 0) since = askedAt;
      last = now;
      return times >= 3 && rows.spans.underWay === 0 && rows.logs.underWay === 0 && { ...rows, since };
    },
    { timeoutMs: 120_000, everyMs: 6_000, what: 'the ledger to come to rest' },
  );
}

/** What the analyst has of the spans. */
function taken(row: LedgerRow | undefined): number {
  return row?.hops.find(({ hop }) => hop === 'analyst')?.passed ?? 0;
}

/**
 * At rest the ledger says what can be found, and not only what somebody has counted. A question is a span and a line itself, and a line that is
 * written now (a statement was slow) is told by the next report only: what came before the ledger rested is looked at.
 */
async function expectWhatIsThere(installation: Installation): Promise<void> {
  const { spans, logs, since } = await atRest(installation);
  const spansThere = await countSpans(installation, since);
  expect(spans).toMatchObject({ produced: spansThere + spans.dropped, stored: spansThere });
  const linesThere = await countLines(installation, since);
  expect(logs).toMatchObject({ produced: linesThere + logs.dropped, stored: linesThere });
}

/** Spans that can be found, by the summaries of their traces: written beside what is counted, and never counted by it. */
async function countSpans(installation: Installation, to: string): Promise<number> {
  const traces = await readAll<TraceSummary>(installation, `/api/v1/traces?limit=100&to=${to}`);
  for (const { accuracy } of traces) expect(accuracy).toBe('exact');
  return traces.reduce((sum, { spanCount }) => sum + spanCount, 0);
}

async function countLines(installation: Installation, to: string): Promise<number> {
  return (await readAll(installation, `/api/v1/logs?limit=1000&to=${to}`)).length;
}

async function readAll<T>({ client }: Installation, path: string): Promise<T[]> {
  const all: T[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const answer = await client.call(cursor === '' ? path : `${path}&cursor=${encodeURIComponent(cursor)}`);
    expect(answer.status, answer.text).toBe(200);
    const page: { items: T[]; nextCursor?: string | null } = answer.json();
    all.push(...page.items);
    cursor = page.nextCursor ?? null;
  }
  return all;
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

const LONG_TRACE = '5af7651916cd43dd8448eb211c80319c';

/** One trace, its last spans first, of two services in turn, in requests as long as the collector takes them. */
async function sendLongTrace({ otlpHttpUrl }: Installation, total: number): Promise<void> {
  const now = BigInt(Date.now()) * 1_000_000n;
  for (let end = total; end > 0; end -= 5_000) {
    const begin = Math.max(0, end - 5_000);
    const resourceSpans = [0, 1].map((half) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: `long-${half}` } }] },
      scopeSpans: [
        {
          spans: places(begin, end)
            .filter((place) => place % 2 === half)
            .map(spanAt),
        },
      ],
    }));
    const answer = await fetch(`${otlpHttpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans }),
    });
    expect(answer.status).toBe(200);
  }

  function spanAt(place: number): object {
    return {
      traceId: LONG_TRACE,
      spanId: (place + 1).toString(16).padStart(16, '0'),
      name: `step ${place}`,
      startTimeUnixNano: String(now + BigInt(place) * 1_000n),
      endTimeUnixNano: String(now + BigInt(place) * 1_000n + 500n),
    };
  }
}

function places(begin: number, end: number): number[] {
  return Array.from({ length: end - begin }, (_, at) => begin + at);
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
    expect(row).toMatchObject({ dropped: before[signal].dropped + BAD, unaccounted: 0 });
    expect(row.produced - before[signal].produced).toBeGreaterThanOrEqual(GOOD + BAD);
    expect(losses).toContainEqual({ signal, reason: REASONS[signal], count: BAD });
  }
  // What is told as dropped is not shown either, whoever keeps it.
  await until(async () => (await installation.client.call(`/api/v1/traces/${THEIR_TRACE}`)).status === 200, {
    timeoutMs: 20_000,
    everyMs: 500,
    what: 'their trace',
  });
  const trace = (await installation.client.call(`/api/v1/traces/${THEIR_TRACE}`)).json<TraceView>();
  expect(trace.spans).toHaveLength(GOOD);
}

const THEIR_TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

/** As another program: over OTLP, spans with an end before their start, lines and points of 1970. */
async function sendSignals({ otlpHttpUrl }: Installation): Promise<void> {
  const now = BigInt(Date.now()) * 1_000_000n;
  const all = places(0, GOOD + BAD);
  const timeUnixNano = (at: number) => String(at < GOOD ? now + BigInt(at) : 1n);
  const spans = all.map((at) => ({
    traceId: THEIR_TRACE,
    spanId: (at + 1).toString(16).padStart(16, '0'),
    name: 'theirs',
    kind: 1,
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(at < GOOD ? now + 1n : now - 1_000_000n),
  }));
  const logRecords = all.map((at) => ({ timeUnixNano: timeUnixNano(at), body: { stringValue: `line ${at}` } }));
  const dataPoints = all.map((at) => ({ timeUnixNano: timeUnixNano(at), asDouble: at }));
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
