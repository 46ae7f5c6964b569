import { randomUUID } from 'node:crypto';
import type { TaskEvent, TaskRecord } from '@tracepost/contracts';
import { createEventPublisher, RECORDER_QUEUE } from '@tracepost/messaging';
import { applyTaskEvent, RecordsRefusedError } from '@tracepost/stores';
import { sampleAnnouncement, sampleLife, sampleTask } from '@tracepost/stores/contract';
import { describeWithDocker, until, usePostgres, useRabbitMq } from '@tracepost/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createRecorder, PARKED_QUEUE, type Recorder } from '../src/index.ts';
import { countingTelemetry, openEmbeddedWorld, openFullWorld, publishRaw, takeFrom, type World } from './world.ts';

describe('on the embedded broker and SQLite', () => describeRecorder(openEmbeddedWorld));

describeWithDocker('on RabbitMQ and Postgres', () => {
  const rabbitMq = useRabbitMq();
  const postgres = usePostgres();
  describeRecorder(() => openFullWorld(rabbitMq(), postgres()));
});

function describeRecorder(openWorld: () => Promise<World>): void {
  let world: World;
  let recorders: Recorder[];
  let counting: ReturnType<typeof countingTelemetry>;

  beforeEach(async () => {
    world = await openWorld();
    recorders = [];
    counting = countingTelemetry();
  });
  afterEach(async () => {
    world.restore();
    await Promise.all(recorders.map((recorder) => recorder.close()));
    await world.close();
  });

  test('events that come unordered and repeated lead to the record of the task', async () => {
    await startRecorder();
    const lives = Array.from({ length: 50 }, () => sampleLife(sampleTask()));
    await publish(lives.flatMap((life) => [...life.toReversed(), ...life]));
    await recorded(lives);
    await until(async () => (await world.broker.inspect(RECORDER_QUEUE))?.ready === 0);
    expect(counting.count('messaging.client.consumed.messages')).toBe(500);
  });

  test('announcements make an agent known', async () => {
    await startRecorder();
    const announcement = sampleAnnouncement({ agentId: `agent-${randomUUID()}` });
    await createEventPublisher({ broker: world.broker }).publishAnnouncement(announcement);
    await until(async () =>
      (await world.records.listAnnouncements()).find(({ agentId }) => agentId === announcement.agentId),
    );
  });

  test('a message that cannot be read is put aside with its reason, and holds up nothing', async () => {
    await startRecorder();
    const bodies = { 'task.weather.started': '{"kind":"started"}', 'agent.announce.weather': 'not JSON' };
    for (const [routingKey, body] of Object.entries(bodies)) {
      const messageId = await publishRaw(world.broker, routingKey, body);
      const parked = await takeFrom(world.broker, PARKED_QUEUE, messageId);
      expect(parked.body.toString()).toBe(body);
      expect(parked.headers).toMatchObject({ 'x-park-routing-key': routingKey, 'x-tenant-id': 'default' });
      expect(String(parked.headers['x-park-reason'])).toMatch(/^unreadable: ./);
    }
    const life = sampleLife(sampleTask());
    await publish(life);
    await recorded([life]);
    expect(counting.count('tracepost.messages.parked', 'unreadable')).toBe(2);
  });

  test('an event that the store can never take is put aside, and the others of its batch are recorded', async () => {
    const poison = sampleLife(sampleTask());
    const { records } = world;
    const poisoned = {
      ...records,
      applyTaskEvents: async (events: readonly TaskEvent[]) => {
        if (events.some(({ task }) => task.taskId === poison[0]?.task.taskId)) throw new RecordsRefusedError('never');
        await records.applyTaskEvents(events);
      },
    };
    const lives = Array.from({ length: 5 }, () => sampleLife(sampleTask()));
    // All of them are there before anything is taken, so that they meet in one batch.
    await startRecorder().then((recorder) => recorder.close());
    await publish([...lives.flat(), ...poison.slice(0, 1), ...lives.flat()]);
    await startRecorder({ records: poisoned });
    await recorded(lives);
    const parked = await takeFrom(world.broker, PARKED_QUEUE, poison[0]?.eventId ?? '');
    expect(parked.headers['x-park-reason']).toBe('store_refused: never');
    expect(counting.count('tracepost.messages.parked', 'store_refused')).toBe(1);
  });

  test('events that came in one message are recorded each; one that the store never takes costs the others nothing', async () => {
    const lives = Array.from({ length: 3 }, () => sampleLife(sampleTask()));
    const [first, ...others] = lives.flatMap((life) => life.slice(0, 1));
    if (!first) throw new Error('no event');
    const poison = others[0]?.task.taskId;
    const { records } = world;
    const poisoned = {
      ...records,
      applyTaskEvents: async (events: readonly TaskEvent[]) => {
        if (events.some(({ task }) => task.taskId === poison)) throw new RecordsRefusedError('never');
        await records.applyTaskEvents(events);
      },
    };
    await startRecorder({ records: poisoned });
    await createEventPublisher({ broker: world.broker }).publishTaskEvents([first, ...others]);
    const parked = await takeFrom(world.broker, PARKED_QUEUE, first.eventId);
    expect(parked.headers['x-park-reason']).toBe('store_refused: never');
    for (const event of [first, ...others]) {
      const record = await records.getTask(event.task.taskId);
      expect(record?.taskId ?? null).toBe(event.task.taskId === poison ? null : event.task.taskId);
    }
  });

  test('while the store is away nothing is lost and readiness says why; when it is back everything is recorded', async () => {
    const recorder = await startRecorder();
    const before = sampleLife(sampleTask());
    await publish(before);
    await recorded([before]);
    expect(recorder.state.isReady).toBe(true);

    world.cut();
    const during = Array.from({ length: 200 }, () => sampleLife(sampleTask()));
    await publish(during.flat());
    await until(() => !recorder.state.isReady);
    expect(recorder.state.message).toMatch(/^records cannot be written: ./);

    world.restore();
    await recorded(during);
    await until(() => recorder.state.isReady, { timeoutMs: 5_000 });
  });

  test('closing records what is in hand and leaves the rest in the queue for the next one', async () => {
    await startRecorder().then((recorder) => recorder.close());
    const lives = Array.from({ length: 300 }, () => sampleLife(sampleTask()));
    await publish(lives.flat());
    const recorder = await startRecorder();
    await recorder.close();
    await recorder.close();
    expect(recorder.state.isReady).toBe(false);
    await startRecorder();
    await recorded(lives);
  });

  test('closing while the store is away gives everything back at once', async () => {
    const recorder = await startRecorder();
    world.cut();
    const life = sampleLife(sampleTask());
    await publish(life);
    await until(() => !recorder.state.isReady);
    await recorder.close();
    await until(async () => (await world.broker.inspect(RECORDER_QUEUE))?.ready === life.length);
    world.restore();
    await startRecorder();
    await recorded([life]);
  });

  test('two recorders share the queue and record every task once', async () => {
    await startRecorder();
    await startRecorder();
    const lives = Array.from({ length: 100 }, () => sampleLife(sampleTask()));
    await publish(lives.flat());
    await recorded(lives);
    expect(await world.records.countTasks()).toBe(100);
  });

  async function startRecorder({ records = world.records } = {}): Promise<Recorder> {
    const { inbox, deadLetters } = world.records;
    const { telemetry } = counting;
    const recorder = createRecorder({ broker: world.broker, records, inbox, deadLetters, telemetry });
    recorders.push(recorder);
    await recorder.start();
    return recorder;
  }

  async function publish(events: readonly TaskEvent[]): Promise<void> {
    const publisher = createEventPublisher({ broker: world.broker });
    const outcomes = await Promise.all(events.map((event) => publisher.publishTaskEvent(event)));
    expect(outcomes.filter(({ status }) => status !== 'confirmed')).toEqual([]);
  }

  async function recorded(lives: readonly (readonly TaskEvent[])[]): Promise<void> {
    for (const life of lives) {
      const wanted = life.reduce<TaskRecord | null>(applyTaskEvent, null);
      await until(
        async () => {
          expect(await world.records.getTask(wanted?.taskId ?? '')).toEqual(wanted);
          return true;
        },
        { timeoutMs: 20_000, what: `the record of ${wanted?.taskId}` },
      );
    }
  }
}
