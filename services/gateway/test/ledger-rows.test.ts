import type { LedgerRow } from '@tracepost/contracts';
import type { MetricPoint, MetricPointQuery, MetricStore } from '@tracepost/stores';
import { until } from '@tracepost/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { createLedger, type Ledger } from '../src/health/ledger.ts';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

describe('spans that processes made', () => {
  it('are stored, dropped or wait, to the unit', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 7, waiting: 13 });
    world.process('gateway', 1, { produced: 50, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 130, stored: 128, refused: 2 });
    const row = await world.row();
    expect(row).toMatchObject({ produced: 150, stored: 128, dropped: 9, underWay: 13, unaccounted: 0, sampledOut: 0 });
    expect(row.hops).toEqual([
      { hop: 'processes', received: 150, passed: 130, dropped: 7, waiting: 13 },
      { hop: 'analyst', received: 130, passed: 128, dropped: 2, waiting: 0 },
    ]);
  });

  it('are counted over a restart that was told of', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    world.process('agents', 9, { produced: 5, dropped: 0, waiting: 0 });
    world.ingest(9, { house: 105, stored: 105 });
    expect(await world.row()).toMatchObject({ produced: 105, stored: 105, underWay: 0, unaccounted: 0 });
  });

  it('are unaccounted when they waited in a process that was killed', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 20 });
    world.process('agents', 9, { produced: 5, dropped: 0, waiting: 0 });
    world.ingest(9, { house: 85, stored: 85 });
    expect(await world.row()).toMatchObject({ produced: 105, stored: 85, underWay: 0, unaccounted: 20 });
  });

  it('are unaccounted when they waited in a process that has been silent for a minute', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 20 });
    world.ingest(1, { house: 80, stored: 80 });
    expect(await world.row()).toMatchObject({ underWay: 20, unaccounted: 0 });
    world.process('gateway', 80, { produced: 0, dropped: 0, waiting: 0 });
    expect(await world.row(({ unaccounted }) => unaccounted > 0)).toMatchObject({ underWay: 0, unaccounted: 20 });
  });

  it('were made, when more of them is stored than was told of', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 130, stored: 130 });
    expect(await world.row()).toMatchObject({ produced: 130, stored: 130, underWay: 0, unaccounted: 0 });
  });

  it('are under way while they are fresh, and unaccounted when they do not arrive', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 60, stored: 60 });
    expect(await world.row()).toMatchObject({ underWay: 40, unaccounted: 0 });
    const later = given({ recentMs: 50 });
    later.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    later.ingest(1, { house: 60, stored: 60 });
    expect(await later.row(({ unaccounted }) => unaccounted > 0)).toMatchObject({ underWay: 0, unaccounted: 40 });
    later.ingest(2, { house: 95, stored: 95 });
    later.process('agents', 2, { produced: 100, dropped: 0, waiting: 0 });
    expect(await later.row(({ stored }) => stored === 95)).toMatchObject({ underWay: 0, unaccounted: 5 });
  });

  it('of other programs are made when they are received', async () => {
    const world = given();
    world.process('agents', 1, { produced: 10, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 10, other: 30, stored: 35, refused: 5 });
    expect(await world.row()).toMatchObject({ produced: 40, stored: 35, dropped: 5, underWay: 0, unaccounted: 0 });
  });

  it('that sampling left out or has not decided on are no loss', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 100, stored: 10, sampledOut: 70, waiting: 20 });
    const { row, losses } = { row: await world.row(), losses: world.ledger.read().losses };
    expect(row).toMatchObject({ produced: 100, stored: 10, dropped: 0, sampledOut: 70, underWay: 20, unaccounted: 0 });
    expect(losses).toEqual([]);
  });

  it('that the collector gave up on are dropped, by the way on which it lost them', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 90, stored: 90 });
    world.collector(1, { accepted: 100, analyst: [90, 10], jaeger: [97, 3] });
    const row = await world.row();
    expect(row).toMatchObject({ produced: 100, stored: 87, dropped: 13, underWay: 0, unaccounted: 0 });
    expect(row.hops.map(({ hop, dropped }) => [hop, dropped])).toEqual([
      ['processes', 0],
      ['collector', 10],
      ['jaeger', 3],
      ['analyst', 0],
    ]);
    expect(world.ledger.read().losses).toEqual([
      { signal: 'spans', reason: 'collector_send_failed', count: 10 },
      { signal: 'spans', reason: 'jaeger_send_failed', count: 3 },
    ]);
  });

  it('that the collector gives up on while somebody looks are a loss, so that the check says it', async () => {
    const world = given({ everyMs: 100 });
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 90, stored: 90 });
    world.collector(1, { accepted: 100, analyst: [90, 0], jaeger: [100, 0] });
    await world.row(({ stored }) => stored === 90);
    expect(world.ledger.read()).toMatchObject({ losses: [], isLosing: false });
    let wasLosing = false;
    world.collector(2, { accepted: 100, analyst: [90, 10], jaeger: [100, 0] });
    await until(() => {
      wasLosing ||= world.ledger.read().isLosing;
      return wasLosing;
    });
  });

  it('that the collector kept from Jaeger when it samples are no loss', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 100, stored: 100 });
    world.collector(1, { accepted: 100, analyst: [100, 0], jaeger: [15, 0], isSampling: true });
    expect(await world.row()).toMatchObject({ produced: 100, stored: 15, dropped: 0, sampledOut: 85, underWay: 0 });
  });

  it('that sampling kept are under way while they wait for Jaeger, and are not among those that it left out', async () => {
    const world = given();
    const told = (second: number, all: number, kept: number, jaeger: [number, number], queue: number) => {
      world.ingest(second, { house: all, stored: all });
      world.process('agents', second, { produced: all, dropped: 0, waiting: 0 });
      world.collector(second, { accepted: all, analyst: [all, 0], jaeger, queue, isSampling: true, kept });
    };
    told(1, 100, 15, [15, 0], 0);
    expect(await world.row()).toMatchObject({ stored: 15, sampledOut: 85, underWay: 0 });
    told(11, 200, 40, [15, 0], 5_000);
    expect(await world.row(({ produced }) => produced === 200)).toMatchObject({
      stored: 15,
      sampledOut: 160,
      underWay: 25,
    });
    told(21, 300, 60, [20, 2], 4_000);
    expect(await world.row(({ produced }) => produced === 300)).toMatchObject({
      stored: 20,
      dropped: 2,
      sampledOut: 240,
      underWay: 38,
    });
    // Killed, and what it had sent since was never told.
    told(31, 300, 0, [4, 0], 0);
    expect(await world.row(({ underWay }) => underWay === 0)).toMatchObject({
      stored: 58,
      dropped: 2,
      sampledOut: 240,
    });
  });

  it('are under way while they wait for Jaeger, and stored once they have left for it', async () => {
    const world = given();
    const told = (second: number, all: number, jaeger: [number, number], queue: number) => {
      world.ingest(second, { house: all, stored: all });
      world.process('agents', second, { produced: all, dropped: 0, waiting: 0 });
      world.collector(second, { accepted: all, analyst: [all, 0], jaeger, queue });
    };
    told(1, 100, [100, 0], 0);
    expect(await world.row()).toMatchObject({ produced: 100, stored: 100, underWay: 0 });
    // Of nothing after its last word is known whether Jaeger has it.
    world.ingest(2, { house: 130, stored: 130 });
    world.process('agents', 2, { produced: 130, dropped: 0, waiting: 0 });
    expect(await world.row(({ produced }) => produced === 130)).toMatchObject({ stored: 100, underWay: 30 });
    told(10, 150, [100, 0], 5_000);
    expect(await world.row(({ produced }) => produced === 150)).toMatchObject({ stored: 100, underWay: 50 });
    told(20, 200, [120, 7], 4_000);
    expect(await world.row(({ produced }) => produced === 200)).toMatchObject({
      stored: 120,
      dropped: 7,
      underWay: 73,
    });
    // It was killed, and what it had sent since was never told: an empty queue says it all the same.
    told(30, 200, [4, 0], 0);
    expect(await world.row(({ underWay }) => underWay === 0)).toMatchObject({ produced: 200, stored: 193, dropped: 7 });
  });

  it('that wait for Jaeger already when somebody begins to look are not stored', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 100, stored: 100 });
    world.collector(4, { accepted: 100, analyst: [100, 0], jaeger: [40, 0], queue: 9_000 });
    world.ingest(6, { house: 110, stored: 110 });
    world.process('agents', 6, { produced: 110, dropped: 0, waiting: 0 });
    expect(await world.row()).toMatchObject({ produced: 110, stored: 40, underWay: 70, unaccounted: 0 });
  });

  it('are with Jaeger as far as the collector has told, also at the first look', async () => {
    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 100, stored: 100 });
    world.collector(4, { accepted: 100, analyst: [100, 0], jaeger: [90, 0], queue: 0 });
    world.ingest(6, { house: 110, stored: 110 });
    world.process('agents', 6, { produced: 110, dropped: 0, waiting: 0 });
    expect(await world.row()).toMatchObject({ produced: 110, stored: 100, underWay: 10, unaccounted: 0 });
  });

  it('that only the analyst had enough of are stored where Jaeger keeps them, and lost where nobody does', async () => {
    const alone = given();
    alone.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    alone.ingest(1, { house: 100, stored: 60, refused: 3, tooLarge: 37 });
    expect(await alone.row()).toMatchObject({ produced: 100, stored: 60, dropped: 40 });
    const tooLarge = { signal: 'spans', reason: 'trace_too_large', count: 37 };
    expect(alone.ledger.read().losses).toContainEqual(tooLarge);

    const world = given();
    world.process('agents', 1, { produced: 100, dropped: 0, waiting: 0 });
    world.ingest(1, { house: 100, stored: 60, refused: 3, tooLarge: 37 });
    world.collector(1, { accepted: 100, analyst: [100, 0], jaeger: [80, 0], queue: 2_000 });
    expect(await world.row()).toMatchObject({ produced: 100, stored: 80, dropped: 3, underWay: 17, unaccounted: 0 });
    expect(world.ledger.read().losses).toEqual([{ signal: 'spans', reason: 'invalid', count: 3 }]);
  });

  it('made before anybody looked are not counted, on no side', async () => {
    const world = given();
    // Both have run for long; what waited at the first look is stored afterwards.
    const longAgo = -780;
    world.process('agents', longAgo, { produced: 1_000, dropped: 5, waiting: 30 });
    world.ingest(longAgo, { house: 70_000, stored: 70_000 });
    world.process('agents', 1, { produced: 1_100, dropped: 5, waiting: 0 });
    world.ingest(1, { house: 70_130, stored: 70_130 });
    const row = await world.row();
    expect(row).toMatchObject({ produced: 130, stored: 130, dropped: 0, underWay: 0, unaccounted: 0 });
    expect(world.ledger.read().losses).toEqual([]);
  });

  it('balance at every look of a run in which processes fail, restart and are late with their word', async () => {
    const world = given();
    let made = 0;
    let lost = 0;
    let arrived = 0;
    let base = { made: 0, lost: 0 };
    for (let second = 1; second <= 40; second += 1) {
      made += (second * 37) % 100;
      lost += second % 7;
      const waiting = Math.max(0, (second % 5) * 10 - (second % 3));
      if (second % 13 === 0) {
        // A stop in good order: everything has left, and the next process counts from nothing.
        arrived = made - lost;
        world.process('agents', second, { produced: made - base.made, dropped: lost - base.lost, waiting: 0 });
        world.ingest(second, { house: arrived, stored: arrived });
        base = { made, lost };
      } else {
        const handedOn = Math.max(arrived, made - lost - waiting);
        arrived = handedOn;
        const held = made - lost - handedOn;
        world.process('agents', second, { produced: made - base.made, dropped: lost - base.lost, waiting: held });
        world.ingest(second, { house: arrived, stored: arrived });
      }
      const row = await world.row(({ produced }) => produced >= made);
      expect(row.produced).toBe(row.stored + row.dropped + row.sampledOut + row.underWay + row.unaccounted);
      expect(row).toMatchObject({ produced: made, dropped: lost, stored: arrived, unaccounted: 0 });
    }
  });
});

/** A metric store with what processes and ingest have said, each at a second of its own. */
function given({ recentMs = 60_000, everyMs = 5 }: { recentMs?: number; everyMs?: number } = {}) {
  const begun = Date.now() - 100_000;
  const points: (MetricPoint & { readonly name: string })[] = [];
  const say = (name: string, second: number, service: string, attributes: Record<string, string>, value: number) =>
    points.push({
      name,
      at: new Date(begun + second * 1_000).toISOString(),
      service,
      attributes: { 'tracepost.signal': 'spans', ...attributes },
      fields: /waiting|queue_size/.test(name) ? { gauge: value } : { counter: value },
    });
  const metrics = {
    readPoints: async ({ name, from, to }: MetricPointQuery) =>
      points
        .filter((point) => point.name === name && point.at >= from.toISOString() && point.at < to.toISOString())
        .reverse(),
  } as unknown as MetricStore;
  const ledger: Ledger = createLedger({ metrics, records: { countTasks: async () => 0 }, everyMs, recentMs });
  closers.push(() => ledger.close());
  return {
    ledger,
    process(service: string, second: number, said: { produced: number; dropped: number; waiting: number }) {
      const instance = { 'service.instance.id': 'box' };
      say('tracepost.telemetry.waiting', second, service, instance, said.waiting);
      say('tracepost.telemetry.dropped', second, service, { ...instance, 'tracepost.reason': 'x' }, said.dropped);
      say('tracepost.telemetry.produced', second, service, instance, said.produced);
    },
    ingest(
      second: number,
      said: Partial<Record<'house' | 'other' | 'stored' | 'refused' | 'tooLarge' | 'sampledOut' | 'waiting', number>>,
    ) {
      const { house = 0, other = 0, stored = 0, refused = 0, tooLarge = 0, sampledOut = 0, waiting } = said;
      say('tracepost.ingest.received', second, 'analyst', { 'tracepost.origin': 'house' }, house);
      say('tracepost.ingest.received', second, 'analyst', { 'tracepost.origin': 'other' }, other);
      say('tracepost.ingest.stored', second, 'analyst', {}, stored);
      say('tracepost.ingest.refused', second, 'analyst', { 'tracepost.reason': 'invalid' }, refused);
      say('tracepost.ingest.refused', second, 'analyst', { 'tracepost.reason': 'sampled_out' }, sampledOut);
      say('tracepost.ingest.refused', second, 'analyst', { 'tracepost.reason': 'trace_too_large' }, tooLarge);
      if (waiting !== undefined) say('tracepost.ingest.waiting', second, 'analyst', {}, waiting);
    },
    collector(
      second: number,
      said: {
        accepted: number;
        analyst: [number, number];
        jaeger: [number, number];
        queue?: number;
        isSampling?: boolean;
        kept?: number;
      },
    ) {
      const to = { analyst: 'otlp_http/analyst', jaeger: 'otlp_grpc/jaeger' };
      say('otelcol_receiver_accepted_metric_points', second, 'otel-collector', {}, 1);
      if (said.isSampling)
        say('otelcol_processor_tail_sampling_new_trace_id_received', second, 'otel-collector', {}, 1);
      const counted = { processor: 'transform/kept', 'otel.signal': 'traces' };
      if (said.kept !== undefined)
        say('otelcol_processor_outgoing_items', second, 'otel-collector', counted, said.kept);
      const queue = { exporter: to.jaeger, data_type: 'traces' };
      say('otelcol_exporter_queue_size', second, 'otel-collector', queue, said.queue ?? 0);
      say('otelcol_receiver_accepted_spans', second, 'otel-collector', {}, said.accepted);
      for (const way of ['analyst', 'jaeger'] as const) {
        say('otelcol_exporter_sent_spans', second, 'otel-collector', { exporter: to[way] }, said[way][0]);
        say('otelcol_exporter_send_failed_spans', second, 'otel-collector', { exporter: to[way] }, said[way][1]);
      }
    },
    async row(isWanted: (row: LedgerRow) => boolean = () => true): Promise<LedgerRow> {
      ledger.start();
      const read = () => ledger.read().rows.find(({ signal }) => signal === 'spans');
      await until(() => {
        const row = read();
        return row !== undefined && isWanted(row);
      });
      return read() as LedgerRow;
    },
  };
}
