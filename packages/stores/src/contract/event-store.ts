import { randomUUID } from 'node:crypto';
import type { MetricSample, RecordedEvent } from '@tracepost/contracts';
import { expect } from 'vitest';
import type { EventEntry, EventQuery, EventStore } from '../event-store.ts';
import { InvalidCursorError, RecordsRefusedError } from '../record-store.ts';
import { describeHouseProperties, type HouseHarness, type HouseSubject } from './house-subject.ts';
import { sampleTime } from './sample-events.ts';
import type { Property } from './signal-property.ts';

const DAY_MS = 24 * 3_600_000;

/** What every store of recorded events promises. */
export const EVENT_STORE_PROPERTIES: readonly Property<HouseSubject>[] = [
  {
    title: 'an event comes back as it was recorded, also from a store that is opened later',
    async run({ stores, open }) {
      const data = { 'NUL \u0000': ['half \ud800', "' quoted", null, 0.1, { deep: [[[]]] }], constructor: 1 };
      const events = [
        sampleRecordedEvent({ data, severity: 'error', correlationId: 'order-4711', traceId: 'ab'.repeat(16) }),
        sampleRecordedEvent({ data: null }),
        sampleRecordedEvent({ data: 0 }),
      ];
      expect(await stores.events.record(events.map(asEntry))).toEqual({ recorded: 3, overflowed: [] });
      const later = await open();
      for (const event of events) {
        const found = await later.events.list({ source: event.source, limit: 10 });
        expect(found).toEqual({ items: [event], nextCursor: null });
      }
    },
  },
  {
    title: 'the same id again changes nothing, whatever comes with it and whoever brings it',
    async run({ stores, open }) {
      const other = await open();
      const event = sampleRecordedEvent();
      const again = { ...event, data: 'another', type: 'ANOTHER' };
      expect((await stores.events.record([event, again].map(asEntry))).recorded).toBe(1);
      expect((await other.events.record([again, sampleRecordedEvent()].map(asEntry))).recorded).toBe(1);
      expect((await stores.events.record([])).recorded).toBe(0);
      expect((await stores.events.list({ source: event.source, limit: 10 })).items).toEqual([event]);
    },
  },
  {
    title: 'of many that record the same events at once, in whatever order, each is recorded once',
    async run({ stores, open }) {
      const other = await open();
      const events = Array.from({ length: 50 }, () => sampleRecordedEvent());
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 ? other : stores).events.record((index % 3 ? events : events.toReversed()).map(asEntry)),
        ),
      );
      expect(outcomes.reduce((sum, { recorded }) => sum + recorded, 0)).toBe(50);
    },
  },
  {
    title: 'events are listed newest first, page by page, each once, whatever is recorded meanwhile',
    async run({ stores: { events } }) {
      const source = randomUUID();
      const at = (offset: number) => asEntry(sampleRecordedEvent({ source, timestamp: sampleTime(offset) }));
      await events.record([30, 10, 50, 20, 20].map(at));
      const first = await events.list({ source, limit: 2 });
      await events.record([at(60)]);
      const rest = await readAll(events, { source, limit: 2, cursor: first.nextCursor ?? '' });
      const all = [...first.items, ...rest];
      expect(all.map(({ timestamp }) => timestamp)).toEqual([50, 30, 20, 20, 10].map(sampleTime));
      expect(new Set(all.map(({ eventId }) => eventId)).size).toBe(5);
    },
  },
  {
    title: 'events are found by type, source, correlation id and time, the first instant included and the last not',
    async run({ stores: { events } }) {
      const source = randomUUID();
      const at = (offset: number) => new Date(Date.UTC(2090, 0) + offset).toISOString();
      const kept = [
        sampleRecordedEvent({ source, timestamp: at(0), type: 'COMMAND' }),
        sampleRecordedEvent({ source, timestamp: at(1), correlationId: `c-${source}` }),
        sampleRecordedEvent({ timestamp: at(2), correlationId: `c-${source}`, type: 'COMMAND' }),
      ] as const;
      await events.record(kept.map(asEntry));
      const found = async (query: Omit<EventQuery, 'limit'>) =>
        (await events.list({ ...query, limit: 1_000 })).items
          .map(({ eventId }) => kept.findIndex((event) => event.eventId === eventId))
          .filter((index) => index >= 0);
      expect(await found({ source })).toEqual([1, 0]);
      expect(await found({ source, type: 'COMMAND' })).toEqual([0]);
      expect(await found({ type: 'COMMAND', from: at(0) })).toEqual([2, 0]);
      expect(await found({ correlationId: `c-${source}` })).toEqual([2, 1]);
      expect(await found({ from: at(1), to: at(2) })).toEqual([1]);
      expect(await found({ from: at(1) })).toEqual([2, 1]);
      expect(await found({ source: randomUUID() })).toEqual([]);
    },
  },
  {
    title: 'thousands of events are recorded at once',
    async run({ stores: { events } }) {
      const source = randomUUID();
      const many = Array.from({ length: 3_000 }, () => asEntry(sampleRecordedEvent({ source })));
      expect((await events.record(many)).recorded).toBe(3_000);
      expect(await readAll(events, { source, limit: 1_000 })).toHaveLength(3_000);
    },
  },
  {
    title: 'with an event that cannot be stored nothing of the batch is, and no id is remembered',
    async run({ stores: { events } }) {
      const good = sampleRecordedEvent();
      let deep: unknown = 1;
      for (let level = 0; level < 100_000; level++) deep = [deep];
      const bad = sampleRecordedEvent({ data: deep });
      await expect(events.record([good, bad].map(asEntry))).rejects.toBeInstanceOf(RecordsRefusedError);
      expect((await events.list({ source: good.source, limit: 1 })).items).toEqual([]);
      expect((await events.record([asEntry(good)])).recorded).toBe(1);
    },
  },
  {
    title: 'events are forgotten seven days after they were recorded, whatever time they name, and not before',
    async run({ stores: { events } }) {
      const nowMs = Date.UTC(2000, 0);
      const event = sampleRecordedEvent({ timestamp: sampleTime(0) });
      await events.record([asEntry(event)], nowMs);
      expect(await events.purge(nowMs + 7 * DAY_MS - 1)).toBe(0);
      expect(await events.purge(nowMs + 7 * DAY_MS)).toBe(1);
      expect((await events.list({ source: event.source, limit: 1 })).items).toEqual([]);
      expect((await events.record([asEntry(event)])).recorded).toBe(1);
    },
  },
  {
    title: 'a cursor that no page of events gave is refused',
    async run({ stores: { events } }) {
      for (const cursor of ['x', '', 'bm90aGluZw']) {
        await expect(events.list({ limit: 1, cursor })).rejects.toBeInstanceOf(InvalidCursorError);
      }
    },
  },
];

export function describeEventStoreContract(name: string, createHarness: () => Promise<HouseHarness>): void {
  describeHouseProperties(`${name} as a store of recorded events`, EVENT_STORE_PROPERTIES, createHarness);
}

/** From a source of its own. */
export function sampleRecordedEvent(said: Partial<RecordedEvent> = {}): RecordedEvent {
  return {
    eventId: randomUUID(),
    type: 'OPERATION',
    source: randomUUID(),
    data: { step: 'begin' },
    timestamp: sampleTime(0),
    severity: null,
    correlationId: null,
    traceId: null,
    ...said,
  };
}

/** A value that was recorded as a metric. */
export function sampleMetricEntry(
  sample: Partial<MetricSample> & Pick<MetricSample, 'name' | 'value'>,
  said: Partial<RecordedEvent> = {},
): EventEntry {
  const whole: MetricSample = { kind: 'histogram', unit: 'ms', attributes: {}, ...sample };
  return { event: sampleRecordedEvent({ type: 'METRIC', data: whole, ...said }), sample: whole };
}

function asEntry(event: RecordedEvent): EventEntry {
  return { event, sample: null };
}

async function readAll(events: EventStore, query: EventQuery): Promise<RecordedEvent[]> {
  const page = await events.list(query);
  if (page.nextCursor === null) return page.items;
  return [...page.items, ...(await readAll(events, { ...query, cursor: page.nextCursor }))];
}
