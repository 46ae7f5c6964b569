import {
  type AttemptFacts,
  isEnded,
  type TaskEvent,
  type TaskEventKind,
  type TaskRecord,
  taskEventId,
} from '@tracepost/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyTaskEvent } from './task-reducer.ts';

describe('the life of one task', () => {
  test('begins with its first event, even when that is not the first that happened', () => {
    expect(reduce([event('started', 10, { number: 1, startedAt: 10 })])).toMatchObject({
      status: 'running',
      acceptedAt: time(0),
      startedAt: time(10),
      statusChanges: [
        { status: 'accepted', at: time(0), by: 'gateway' },
        { status: 'running', at: time(10), by: 'worker-1' },
      ],
    });
  });

  test('keeps what the ending says, with durations that are counted from the acceptance', () => {
    const record = reduce([...RETRIED]);
    expect(record).toMatchObject({
      status: 'succeeded',
      endedAt: time(60),
      durationMs: 60,
      runMs: 10 + 20,
      result: { said: 'succeeded' },
      usage: { toolCalls: 1 },
    });
    expect(record.attempts.map(({ number, status }) => [number, status])).toEqual([
      [1, 'failed'],
      [2, 'succeeded'],
    ]);
    expect(statuses(record)).toEqual(['accepted', 'running', 'retrying', 'running', 'succeeded']);
  });

  test('a late start of an attempt that has failed does not set it running again', () => {
    const [accepted, started, failed] = RETRIED;
    const record = reduce([accepted, failed, started]);
    expect(record.status).toBe('retrying');
    expect(statuses(record)).toEqual(['accepted', 'running', 'retrying']);
  });

  test('of two endings the one that happened first is the ending, in whatever order they are told', () => {
    const succeeded = event('succeeded', 50, { number: 1, startedAt: 10, endedAt: 50 });
    const failed = event('failed', 90, { number: 1, startedAt: 60, endedAt: 90 });
    for (const order of [
      [succeeded, failed],
      [failed, succeeded],
    ]) {
      expect(reduce(order)).toMatchObject({
        status: 'succeeded',
        endedAt: time(50),
        attempts: [{ endedAt: time(50) }],
      });
      expect(statuses(reduce(order))).toEqual(['accepted', 'running', 'succeeded']);
    }
  });

  test('an attempt that failed for good leads to no retry', () => {
    const record = reduce([
      event('started', 10, { number: 1, startedAt: 10 }),
      event('failed', 20, { number: 1, startedAt: 10, endedAt: 20 }),
    ]);
    expect(statuses(record)).toEqual(['accepted', 'running', 'failed']);
  });

  test('a retry that was told stays in the list when the task is given up afterwards', () => {
    const record = reduce([event('attempt_failed', 20, { number: 1, startedAt: 10, endedAt: 20 }), event('dead', 99)]);
    expect(statuses(record)).toEqual(['accepted', 'running', 'retrying', 'dead']);
  });

  test('an attempt that another one followed without its end has crashed, and says so only as long as no end is known', () => {
    const told = [
      event('started', 10, { number: 1, startedAt: 10, workerId: 'first' }),
      event('started', 40, { number: 2, startedAt: 40, workerId: 'second' }),
    ];
    const record = reduce(told);
    expect(record.status).toBe('running');
    expect(record.attempts).toMatchObject([
      { number: 1, status: 'crashed', endedAt: null, runMs: null, error: { code: 'worker_lost' } },
      { number: 2, status: 'running', error: null },
    ]);
    const late = event('attempt_failed', 20, { number: 1, startedAt: 10, endedAt: 20, workerId: 'first' });
    expect(reduce([...told, late]).attempts[0]).toMatchObject({ status: 'failed', endedAt: time(20), error: null });
  });

  test('a task that its workers did not survive is given up by who counts them, and every open attempt has crashed', () => {
    const record = reduce([
      event('accepted', 0),
      event('started', 10, { number: 1, startedAt: 10 }),
      event('started', 20, { number: 2, startedAt: 20 }),
      { ...event('dead', 30), by: 'recorder', error: { code: 'delivery_limit', message: 'Its workers died' } },
    ]);
    expect(record).toMatchObject({ status: 'dead', endedAt: time(30), error: { code: 'delivery_limit' } });
    expect(record.attempts.map(({ status }) => status)).toEqual(['crashed', 'crashed']);
    expect(record.statusChanges.at(-1)).toEqual({ status: 'dead', at: time(30), by: 'recorder' });
    expect(statuses(record)).toEqual(['accepted', 'running', 'dead']);
  });

  test('who gives a task up may tell of its last attempt, but not of an end that nobody saw', () => {
    const record = reduce([event('dead', 30, { number: 1, startedAt: 10, workerId: 'first' })]);
    expect(record.attempts).toMatchObject([{ status: 'crashed', endedAt: null }]);
  });

  test('an attempt that ran out of time and is tried again is shown as timed out, the task as retrying', () => {
    const error = { code: 'timed_out', message: 'It took longer than 10 ms' };
    const record = reduce([
      { ...event('attempt_failed', 20, { number: 1, startedAt: 10, endedAt: 20 }), error, retryInMs: 1_000 },
    ]);
    expect(record).toMatchObject({ status: 'retrying', attempts: [{ status: 'timed_out', error }] });
    expect(statuses(record)).toEqual(['accepted', 'running', 'retrying']);
  });

  test('how long a message was put aside stands with the attempt that it waited for', () => {
    const waited = event('started', 1_020, { number: 2, startedAt: 1_020 });
    const record = reduce([
      { ...waited, attempt: { ...attemptFacts({ number: 2, startedAt: 1_020 }), backOffMs: 1_000 } },
    ]);
    expect(record.attempts).toMatchObject([{ number: 2, backOffMs: 1_000, queueWaitMs: 3 }]);
  });

  test('the step is the one that the running attempt told last, with the time since when', () => {
    const told = [
      event('started', 10, { number: 1, startedAt: 10 }),
      progress(20, 'asks the service'),
      progress(30, 'writes the answer'),
    ];
    expect(reduce(told)).toMatchObject({ status: 'running', step: 'writes the answer', stepAt: time(30) });
    expect(reduce(told.toReversed())).toEqual(reduce(told));
    const together = [progress(50, 'b'), progress(50, 'a')];
    expect(reduce([...told, ...together.toReversed()])).toEqual(reduce([...told, ...together]));
    const failed = event('attempt_failed', 40, { number: 1, startedAt: 10, endedAt: 40 });
    expect(reduce([...told, failed])).toMatchObject({ status: 'retrying', step: null });
    expect(reduce([...told, failed])).not.toHaveProperty('stepAt');
    const second = event('started', 50, { number: 2, startedAt: 50 });
    expect(reduce([second, ...told])).toMatchObject({ status: 'running', step: null });
  });

  test('a task that was cancelled says who asked for it', () => {
    const cancelled = { ...event('cancelled', 50), by: 'curl' };
    const record = reduce([...RETRIED.slice(0, 3), cancelled]);
    expect(statuses(record)).toEqual(['accepted', 'running', 'retrying', 'cancelled']);
    expect(record.statusChanges.at(-1)).toEqual({ status: 'cancelled', at: time(50), by: 'curl' });
  });

  test('an attempt whose worker died is not called running once its task was cancelled', () => {
    const told = [
      event('started', 10, { number: 1, startedAt: 10, workerId: 'first' }),
      { ...event('cancelled', 50), by: 'curl' },
    ];
    for (const order of [told, told.toReversed()]) {
      const record = reduce(order);
      expect(record).toMatchObject({ status: 'cancelled', endedAt: time(50) });
      expect(record.attempts).toMatchObject([{ status: 'crashed', endedAt: null, error: { code: 'worker_lost' } }]);
    }
    // Who was told to stop in time tells how its attempt ended, and that holds.
    const stopped = event('cancelled', 40, { number: 1, startedAt: 10, endedAt: 40, workerId: 'first' });
    expect(reduce([...told, stopped]).attempts).toMatchObject([{ status: 'cancelled', endedAt: time(40) }]);
  });

  test('what a later attempt tells after the ending changes no ending', () => {
    const ended = reduce(RETRIED);
    const record = [
      event('started', 70, { number: 3, startedAt: 70 }),
      event('attempt_failed', 80, { number: 3, startedAt: 70, endedAt: 80 }),
      event('failed', 90, { number: 4, startedAt: 85, endedAt: 90 }),
    ].reduce(applyTaskEvent, ended);
    expect(record).toMatchObject({
      status: 'succeeded',
      endedAt: time(60),
      result: { said: 'succeeded' },
      error: null,
    });
    expect(record.statusChanges.at(-1)).toEqual(ended.statusChanges.at(-1));
  });

  test('a task that repeats another one says which, and keeps who began it', () => {
    const accepted = event('accepted', 0);
    const repeated = {
      ...accepted,
      by: 'console',
      task: { ...accepted.task, retryOf: 'task-0', idempotencyKey: 'k-1' },
    };
    const record = reduce([event('started', 10, { number: 1, startedAt: 10 }), repeated]);
    expect(record).toMatchObject({ retryOf: 'task-0', idempotencyKey: 'k-1', createdBy: 'test', source: 'test' });
    expect(reduce([accepted])).toMatchObject({ retryOf: null, idempotencyKey: null });
  });

  test('of two workers that tell of the same attempt the one that began later is still at it', () => {
    const record = reduce([
      event('started', 40, { number: 1, startedAt: 40, workerId: 'second' }),
      event('started', 10, { number: 1, startedAt: 10, workerId: 'first' }),
    ]);
    expect(record.attempts).toMatchObject([{ workerId: 'second', startedAt: time(40) }]);
  });

  test('a duration is never negative, even when the clock of the worker is behind', () => {
    expect(reduce([event('cancelled', -500)]).durationMs).toBe(0);
  });

  test('does not change the record that it was given', () => {
    const before = reduce(RETRIED.slice(0, 2));
    const copy = structuredClone(before);
    applyTaskEvent(before, event('succeeded', 60, { number: 1, startedAt: 10, endedAt: 60 }));
    expect(before).toEqual(copy);
  });
});

describe('whatever the order', () => {
  test('the events of a task lead to the same record, repeated or not', () => {
    fc.assert(
      fc.property(shuffledHistory(fc.array(anyEvent(), { minLength: 1, maxLength: 12 })), ({ told, shuffled }) => {
        expect(reduce(shuffled)).toEqual(reduce(told));
      }),
      { numRuns: 2_000 },
    );
  });

  test('a status never goes backwards', () => {
    fc.assert(
      fc.property(fc.array(anyEvent(), { minLength: 1, maxLength: 12 }), (told) => {
        let before = -1;
        for (const record of steps(told)) {
          expect(progressOf(record)).toBeGreaterThanOrEqual(before);
          before = progressOf(record);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('an ending is final: only an ending that happened before it takes its place', () => {
    fc.assert(
      fc.property(fc.array(anyEvent(), { minLength: 1, maxLength: 12 }), (told) => {
        let before: TaskRecord | null = null;
        for (const record of steps(told)) {
          if (before?.endedAt) {
            expect(isEnded(record.status)).toBe(true);
            if (record.status !== before.status)
              expect(instant(record.endedAt)).toBeLessThanOrEqual(instant(before.endedAt));
          }
          before = record;
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test('with one ending the task keeps it, with its result, whatever else is told later', () => {
    const oneEnding = fc.tuple(
      anyEvent().filter(({ kind }) => isEnding(kind)),
      fc.array(
        anyEvent().filter(({ kind }) => !isEnding(kind)),
        { maxLength: 12 },
      ),
    );
    fc.assert(
      fc.property(oneEnding, ([ending, others]) => {
        const record = reduce([ending, ...others, ending]);
        expect([record.status, record.endedAt, record.result]).toEqual([ending.kind, ending.at, ending.result ?? null]);
      }),
    );
  });

  test('changes of status begin with accepted, name no status twice in a row and hold at most one ending, the last', () => {
    fc.assert(
      fc.property(fc.array(anyEvent(), { minLength: 1, maxLength: 12 }), (told) => {
        const record = reduce(told);
        const words = statuses(record);
        expect(words[0]).toBe('accepted');
        expect(words.at(-1)).toBe(record.status);
        expect(words.filter((word, index) => word === words[index - 1])).toEqual([]);
        expect(words.slice(0, -1).filter((word) => isEnded(word))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });
});

function progress(at: number, step: string): TaskEvent {
  return { ...event('progress', at, { number: 1, startedAt: 10 }), step };
}

interface AttemptTold {
  readonly number: number;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly workerId?: string;
}

function event(kind: TaskEventKind, at: number, attempt?: AttemptTold): TaskEvent {
  return {
    eventId: taskEventId('task-1', attempt?.number ?? 0, kind),
    kind,
    at: time(at),
    by: attempt?.workerId ?? 'gateway',
    task: {
      taskId: 'task-1',
      agentId: 'weather',
      notificationType: 'weather.forecast',
      tenantId: 'default',
      priority: 'normal',
      acceptedAt: time(0),
      source: 'test',
      sessionId: null,
      correlationId: 'c-1',
      traceId: null,
      parentTaskId: null,
    },
    ...(attempt ? { attempt: attemptFacts(attempt) } : {}),
    ...(isEnding(kind) ? { result: { said: kind }, usage: { ...ONE_TOOL_CALL } } : {}),
  };
}

function attemptFacts({ number, startedAt, endedAt, workerId = 'worker-1' }: AttemptTold): AttemptFacts {
  return {
    number,
    startedAt: time(startedAt),
    queueWaitMs: 3,
    workerId,
    spanId: null,
    ...(endedAt === undefined ? {} : { endedAt: time(endedAt), runMs: endedAt - startedAt }),
  };
}

const ONE_TOOL_CALL = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  modelCalls: 0,
  toolCalls: 1,
  costUsd: 0,
  unpricedCalls: 0,
};

const RETRIED = [
  event('accepted', 0),
  event('started', 10, { number: 1, startedAt: 10 }),
  event('attempt_failed', 20, { number: 1, startedAt: 10, endedAt: 20 }),
  event('started', 40, { number: 2, startedAt: 40 }),
  event('succeeded', 60, { number: 2, startedAt: 40, endedAt: 60 }),
] as const;

/** Any event at all, contradictions included: few moments and workers, so that ties are common. */
function anyEvent(): fc.Arbitrary<TaskEvent> {
  const moment = fc.integer({ min: 0, max: 6 });
  const attempt = fc.record({
    number: fc.integer({ min: 1, max: 3 }),
    startedAt: moment,
    workerId: fc.constantFrom('worker-1', 'worker-2'),
  });
  const kind = fc.constantFrom<TaskEventKind>(
    'accepted',
    'started',
    'progress',
    'attempt_failed',
    'succeeded',
    'failed',
    'timed_out',
    'dead',
    'cancelled',
  );
  const error = fc.constantFrom('timed_out', 'tool_error').map((code) => ({ code, message: 'It failed' }));
  const step = fc.constantFrom('reads', 'asks', 'writes');
  return fc
    .tuple(kind, moment, fc.option(attempt, { nil: undefined }), error, step)
    .map(([what, at, told, failure, doing]) => {
      const said = {
        ...(what === 'progress' ? { step: doing } : {}),
        ...(what === 'attempt_failed' ? { error: failure } : {}),
      };
      if (!told || what === 'accepted') return { ...event(what, at), ...said };
      // One worker tells of one moment in one way: what it says there follows from who and when.
      const facts = { ...told, startedAt: Math.min(told.startedAt, at) };
      if (what === 'started' || what === 'progress') return { ...event(what, at, facts), ...said };
      return { ...event(what, at, { ...facts, startedAt: 0, endedAt: at }), ...said };
    });
}

function shuffledHistory(events: fc.Arbitrary<TaskEvent[]>) {
  return events.chain((told) =>
    fc.record({
      told: fc.constant(told),
      // Each at least once, some of them twice, in any order.
      shuffled: fc
        .subarray(told)
        .chain((repeated) => fc.shuffledSubarray([...told, ...repeated], { minLength: told.length + repeated.length })),
    }),
  );
}

function reduce(events: readonly TaskEvent[]): TaskRecord {
  const last = [...steps(events)].at(-1);
  if (!last) throw new Error('No events');
  return last;
}

function* steps(events: readonly TaskEvent[]): Generator<TaskRecord> {
  let record: TaskRecord | null = null;
  for (const one of events) {
    record = applyTaskEvent(record, one);
    yield record;
  }
}

/** Grows with every step forward: attempt by attempt, and past every attempt with the ending. */
function progressOf({ status, attempts }: TaskRecord): number {
  if (isEnded(status)) return Number.POSITIVE_INFINITY;
  const phase = { accepted: 0, running: 1, retrying: 2 }[status as 'accepted' | 'running' | 'retrying'];
  return (attempts.at(-1)?.number ?? 0) * 10 + phase;
}

function statuses({ statusChanges }: TaskRecord) {
  return statusChanges.map(({ status }) => status);
}

function isEnding(kind: TaskEventKind): boolean {
  return ['succeeded', 'failed', 'timed_out', 'dead', 'cancelled'].includes(kind);
}

function instant(iso: string | null): number {
  return iso === null ? Number.NaN : Date.parse(iso);
}

function time(offsetMs: number): string {
  return new Date(Date.UTC(2026, 10, 21, 9) + offsetMs).toISOString();
}
