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

  test('a crashed attempt is shown by the worker that took it over', () => {
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
  return fc.tuple(kind, moment, fc.option(attempt, { nil: undefined })).map(([what, at, told]) => {
    if (!told || what === 'accepted') return event(what, at);
    // One worker tells of one moment in one way: what it says there follows from who and when.
    const facts = { ...told, startedAt: Math.min(told.startedAt, at) };
    if (what === 'started' || what === 'progress') return event(what, at, facts);
    return event(what, at, { ...facts, startedAt: 0, endedAt: at });
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
