import { expect, test } from 'vitest';
import { createWaitingRoom } from './waiting-room.ts';

const MAX = 1_000;
/** A target of 120, and the step up with which it is tried whether more can go. */
const GROWN_TARGET_MS = 1.3 * 120;

interface Phase {
  readonly ms: number;
  readonly comePerSecond: number;
  readonly goPerSecond: number;
}

/** First come, first served, in steps of a millisecond: how long those waited who were let in, and how many were not. */
function serve(...phases: readonly Phase[]) {
  let atMs = 0;
  const room = createWaitingRoom({ maxRequests: MAX, maxBytes: 1e9, now: () => atMs });
  const line: number[] = [];
  const served = phases.map(({ ms, comePerSecond, goPerSecond }) => {
    const waitedMs: number[] = [];
    let refused = 0;
    let come = 0;
    let canGo = 0;
    for (const endMs = atMs + ms; atMs < endMs; atMs++) {
      for (come += comePerSecond / 1_000; come >= 1; come--) {
        if (room.enter(1)) line.push(atMs);
        else refused += 1;
      }
      for (canGo += goPerSecond / 1_000; canGo >= 1; canGo--) {
        const camAtMs = line.shift();
        if (camAtMs === undefined) continue;
        room.leave(1);
        waitedMs.push(atMs - camAtMs);
      }
    }
    waitedMs.sort((a, b) => a - b);
    return {
      refused,
      gone: waitedMs.length,
      maxMs: waitedMs.at(-1) ?? 0,
      p99Ms: waitedMs[Math.floor(waitedMs.length * 0.99)] ?? 0,
    };
  });
  return served;
}

const second = (comePerSecond: number, goPerSecond: number, seconds = 1): Phase => {
  return { ms: seconds * 1_000, comePerSecond, goPerSecond };
};

test.each([40, 100, 300, 1_000, 2_500, 10_000])(
  'of three times as many as %d a second, as many are let in as can go, and they wait no longer than about the target',
  (rate) => {
    const [, flood] = serve(second(3 * rate, rate, 10), second(3 * rate, rate, 10));
    expect(flood?.gone).toBeGreaterThanOrEqual(0.99 * 10 * rate);
    expect(flood?.p99Ms).toBeLessThanOrEqual(Math.max(GROWN_TARGET_MS, (1.1 * 8 * 1_000) / rate));
  },
);

test('a flood is met within a moment', () => {
  const [, flood] = serve(second(100, 300, 10), second(900, 300, 10));
  expect(flood?.maxMs).toBeLessThanOrEqual(700);
});

test('a burst fills the whole room when the room was empty', () => {
  const [calm, burst] = serve(second(100, 2_000, 5), { ms: 10, comePerSecond: 100_000, goPerSecond: 2_000 });
  expect(calm?.refused).toBe(0);
  expect(burst?.refused).toBe(0);
});

test('nobody of the few who come is turned away while nothing goes for two seconds', () => {
  const [, stall, after] = serve(second(80, 2_000, 5), second(30, 0, 2), second(80, 2_000, 5));
  expect(stall?.refused).toBe(0);
  expect(after?.refused).toBe(0);
});

test('what was learned is not forgotten between two floods that follow each other, and is given up when faster ones come', () => {
  const [, , again, faster] = serve(
    second(3_000, 1_000, 5),
    second(0, 1_000, 2),
    second(3_000, 1_000),
    second(3_000, 20_000, 5),
  );
  expect(again?.p99Ms).toBeLessThanOrEqual(GROWN_TARGET_MS);
  expect(faster).toMatchObject({ refused: expect.any(Number), gone: expect.any(Number) });
  expect(faster?.refused).toBeLessThan(300);
});

test('a few seconds after a flood bursts and pauses turn nobody away, as before it', () => {
  const [, calm, pause, burst] = serve(
    second(300, 100, 10),
    second(30, 100, 5),
    { ms: 400, comePerSecond: 100, goPerSecond: 0 },
    { ms: 10, comePerSecond: 30_000, goPerSecond: 1_000 },
  );
  expect([calm?.refused, pause?.refused, burst?.refused]).toEqual([0, 0, 0]);
});
