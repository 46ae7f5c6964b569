import { expect, test } from 'vitest';
import { burst, type Phase, second, serve } from '../../test/helpers/waiting-line.ts';

/** A target of 120, and the step up with which it is tried whether more can go. */
const GROWN_TARGET_MS = 1.3 * 120;

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
  expect(faster?.refused).toBeLessThan(300);
  expect(faster?.gone).toBeGreaterThan(15_000 - 300);
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

test.each([150, 200, 300, 400, 800])(
  'after a pause of %d ms in a gateway where no queue had stood, bursts that are gone at once are turned away for three seconds at most',
  (pauseMs) => {
    const once: Phase[] = [burst(150, 5_000), { ms: 999, comePerSecond: 0, goPerSecond: 5_000 }];
    const pause: Phase = { ms: pauseMs, comePerSecond: 1_000, goPerSecond: 0 };
    for (const gapMs of [100, 500, 900]) {
      const gap: Phase = { ms: gapMs, comePerSecond: 0, goPerSecond: 5_000 };
      const bursts = serve(second(1_000, 5_000, 5), pause, gap, ...Array(30).fill(once).flat()).slice(3);
      expect(bursts.slice(2 * 4).map(({ refused }) => refused)).toEqual(Array(2 * 26).fill(0));
    }
  },
);

test('what was learned in a slower time makes no queue of a burst that is gone within the target, wherever in it a window begins', () => {
  const scout: Phase[] = [burst(1, 2_000), { ms: 97, comePerSecond: 0, goPerSecond: 2_000 }];
  const once: Phase[] = [...scout, burst(236, 2_000, 3), { ms: 400, comePerSecond: 0, goPerSecond: 2_000 }];
  const rest: Phase = { ms: 250, comePerSecond: 0, goPerSecond: 5_000 };
  const served = serve(second(375, 40, 4), rest, ...Array(30).fill(once).flat()).slice(2);
  const after = served.filter(({ startMs }) => startMs >= 4_250 + 5_000).map(({ refused }) => refused);
  expect(after.length).toBeGreaterThan(60);
  expect(after).toEqual(after.map(() => 0));
});

test('what a flood taught is given up while bursts that are gone at once come more often than every three seconds', () => {
  const once: Phase[] = [burst(150, 5_000), { ms: 1_499, comePerSecond: 0, goPerSecond: 5_000 }];
  const [, ...bursts] = serve(second(300, 100, 10), ...Array(10).fill(once).flat());
  expect(bursts.slice(2 * 3).map(({ refused }) => refused)).toEqual(Array(2 * 7).fill(0));
});
