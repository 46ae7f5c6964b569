import type { SpanSignal } from '@tracepost/contracts';
import { sampleLife, sampleMetricEntry, sampleTask, sampleTime } from '@tracepost/stores/contract';
import { until } from '@tracepost/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRetention, type Retention } from '../src/index.ts';
import { countingTelemetry, openEmbeddedWorld, type World } from './world.ts';

const DAY_MS = 86_400_000;
const ENDED_MS = Date.parse(sampleTime(0));

let world: World;
let retention: Retention;
let counting: ReturnType<typeof countingTelemetry>;

beforeEach(async () => {
  world = await openEmbeddedWorld();
  counting = countingTelemetry();
});
afterEach(async () => {
  await retention.close();
  await world.close();
});

test('what is older than it is kept for is forgotten and counted, what is younger stays', async () => {
  const task = sampleTask();
  const { records } = world;
  await records.applyTaskEvents(sampleLife(task));
  await records.deadLetters.add([letter(task.taskId)]);
  await records.audit.add([entry(task.taskId)]);
  start();

  await retention.run(ENDED_MS + 5 * DAY_MS - 1_000);
  expect(await kept(task.taskId)).toEqual({ task: true, letter: true, entry: true, minutes: 1, hours: 1 });
  await retention.run(ENDED_MS + 5 * DAY_MS + 1_000);
  expect(await kept(task.taskId)).toEqual({ task: true, letter: false, entry: true, minutes: 1, hours: 1 });
  await retention.run(ENDED_MS + 10 * DAY_MS + 1_000);
  expect(await kept(task.taskId)).toEqual({ task: false, letter: false, entry: false, minutes: 0, hours: 1 });
  expect(counting.count('tracepost.retention.purged')).toBe(4);
  await retention.run(ENDED_MS + 20 * DAY_MS + 1_000);
  expect(await kept(task.taskId)).toMatchObject({ minutes: 0, hours: 0 });
});

test('recorded events go seven days after they were recorded, recorded metrics are put together and go later', async () => {
  const { events, recordedMetrics } = world.records;
  const said = { source: 'retention', timestamp: sampleTime(0) };
  await events.record([sampleMetricEntry({ name: 'kept', value: 1 }, said)], ENDED_MS);
  start();
  const points = async () => {
    const window = { from: new Date(ENDED_MS), to: new Date(ENDED_MS + 1) };
    const { series } = await recordedMetrics.querySamples({
      name: 'kept',
      ...window,
      everyMs: 60_000,
      groupBy: [],
      where: {},
    });
    return series.flatMap((one) => one.points.map(({ at }) => at));
  };
  const left = async () => [(await events.list({ source: 'retention', limit: 1 })).items.length, await points()];
  const minute = new Date(Math.floor(ENDED_MS / 60_000) * 60_000).toISOString();
  const hour = new Date(Math.floor(ENDED_MS / 3_600_000) * 3_600_000).toISOString();

  await retention.run(ENDED_MS + 7 * DAY_MS - 1_000);
  expect(await left()).toEqual([1, [minute]]);
  await retention.run(ENDED_MS + 7 * DAY_MS);
  expect(await left()).toEqual([0, [minute]]);
  await retention.run(ENDED_MS + 31 * DAY_MS);
  expect(await left()).toEqual([0, [hour]]);
  await retention.run(ENDED_MS + 91 * DAY_MS);
  expect(await left()).toEqual([0, []]);
});

test('what traces are found by is forgotten after its days', async () => {
  const { traceSummaries } = world.records;
  const at = BigInt(ENDED_MS) * 1_000_000n;
  const span: SpanSignal = {
    origin: { service: 'shop', resource: {}, scopeName: '', scopeVersion: '' },
    ...{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentSpanId: null, name: 'work', kind: 'internal' },
    ...{ startTimeUnixNano: at, endTimeUnixNano: at, status: { code: 'ok', message: '' } },
    ...{ attributes: {}, events: [], links: [] },
  };
  await traceSummaries.addSpans([span], ENDED_MS);
  start();
  const count = async () => (await traceSummaries.list({ service: 'shop', limit: 10 })).items.length;
  await retention.run(ENDED_MS + 30 * DAY_MS - 1_000);
  expect(await count()).toBe(1);
  await retention.run(ENDED_MS + 30 * DAY_MS);
  expect(await count()).toBe(0);
});

test('it begins by itself, and a store that is away stops it only until the next time', async () => {
  const task = sampleTask();
  await world.records.deadLetters.add([letter(task.taskId, '2020-01-01T00:00:00.000Z')]);
  let failures = 0;
  const { deadLetters } = world.records;
  start({
    purge: async (nowMs, olderThanMs) => {
      if (failures++ === 0) throw new Error('away');
      return deadLetters.purge(nowMs, olderThanMs);
    },
  });
  retention.start();
  await until(async () => (await deadLetters.get('agent.weather', task.taskId)) === null);
  expect(failures).toBeGreaterThan(1);
});

function start(purging: Partial<World['records']['deadLetters']> = {}): void {
  const deadLetters = { ...world.records.deadLetters, ...purging };
  retention = createRetention({
    stores: { ...world.records, deadLetters },
    keep: { taskDays: 10, rollupDays: 20, deadLetterDays: 5, traceDays: 30, eventDays: 7, recordedMetricDays: 90 },
    telemetry: counting.telemetry,
    everyMs: 10,
    firstAfterMs: 1,
  });
}

async function kept(taskId: string) {
  const { records } = world;
  return {
    task: (await records.getTask(taskId)) !== null,
    letter: (await records.deadLetters.get('agent.weather', taskId)) !== null,
    entry: (await records.audit.list({ taskId, limit: 1 })).items.length === 1,
    minutes: await countRollups('minute'),
    hours: await countRollups('hour'),
  };
}

async function countRollups(unit: 'minute' | 'hour'): Promise<number> {
  const around = { fromMs: ENDED_MS - DAY_MS, toMs: ENDED_MS + DAY_MS };
  return (await world.records.rollups.listRollups({ agentId: 'weather', unit, ...around })).length;
}

function letter(taskId: string, deadAt = sampleTime(0)) {
  return {
    taskId,
    queue: 'agent.weather',
    agentId: 'weather',
    notificationType: null,
    reason: 'tool_error',
    error: null,
    deadAt,
    attempts: [],
    traceId: null,
    headers: {},
    body: Buffer.from('{}'),
  };
}

function entry(taskId: string) {
  return {
    auditId: taskId,
    at: sampleTime(0),
    by: 'test',
    action: 'cancel' as const,
    taskId,
    agentId: null,
    outcome: 'cancelled',
    newTaskId: null,
    traceId: null,
  };
}
