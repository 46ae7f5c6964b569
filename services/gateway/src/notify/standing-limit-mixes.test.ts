import fc from 'fast-check';
import { expect, test } from 'vitest';
import { burst, MAX_WAITING, type Phase, serve } from '../../test/helpers/waiting-line.ts';

const TARGET_MS = 120;
const EMPTY_IT: Phase = { ms: 250, comePerSecond: 0, goPerSecond: 5_000 };

test('whatever came before, bursts that are gone within the target turn nobody away after five seconds', () => {
  fc.assert(
    fc.property(before(), bursts(), (earlier, { once, periodMs }) => {
      const later = Array.from({ length: Math.ceil(10_000 / periodMs) + 2 }, () => once).flat();
      const served = serve(...earlier, EMPTY_IT, ...later).slice(earlier.length + 1);
      const fromMs = (served[0]?.startMs ?? 0) + 5_000;
      const refused = served.filter(({ startMs }) => startMs >= fromMs).map((phase) => phase.refused);
      expect(refused.length).toBeGreaterThan(3);
      expect(refused).toEqual(refused.map(() => 0));
    }),
    { numRuns: 500, seed: 20_261_122 },
  );
});

test('whatever came before, who is let in by a flood waits no longer than about the target, and as many go as can', () => {
  const flood = fc.record({ goPerSecond: rate(40, 3_000), times: fc.double({ min: 1.3, max: 5, noNaN: true }) });
  fc.assert(
    fc.property(before(), flood, (earlier, { goPerSecond, times }) => {
      const standing = (ms: number): Phase => ({ ms, comePerSecond: goPerSecond * times, goPerSecond });
      // Until the last of those has gone who were let in before it, and some seconds to learn how fast they go.
      const beginning = standing((MAX_WAITING / goPerSecond) * 1_000 + 5_000);
      const last = serve(...earlier, beginning, standing(6_000)).at(-1);
      // Eight may always wait, and one more where the step up is tried; in steps of a millisecond.
      const fewMs = (9 * 1_000) / goPerSecond + 1;
      expect(last?.p99Ms).toBeLessThanOrEqual(Math.max(1.3 * TARGET_MS, fewMs));
      expect(last?.gone).toBeGreaterThanOrEqual(Math.floor(0.99 * 6 * goPerSecond));
    }),
    { numRuns: 300, seed: 20_261_122 },
  );
});

/** Pauses, bursts, floods, floods that go by fits and starts, and quiet times, in any order. */
function before(): fc.Arbitrary<Phase[]> {
  const ms = (least: number, most: number) => fc.integer({ min: least, max: most });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const pause = fc.tuple(ms(20, 900), rate(1, 3_000)).map(([length, come]) => [phase(length, come, 0)]);
  const quiet = fc
    .tuple(ms(50, 3_000), rate(20, 8_000), share)
    .map(([length, go, part]) => [phase(length, 0.9 * part * go, go)]);
  const flood = fc
    .tuple(ms(100, 3_000), rate(20, 4_000), share)
    .map(([length, go, part]) => [phase(length, (1.2 + 4 * part) * go, go)]);
  const fits = fc
    .tuple(ms(1, 15), ms(10, 120), rate(20, 4_000), share)
    .map(([count, length, go, part]) =>
      Array.from({ length: count }, () => [phase(length, 4 * part * go, 0), phase(length, 4 * part * go, go)]).flat(),
    );
  const crowd = fc
    .tuple(ms(1, 2 * MAX_WAITING), ms(1, 40), rate(20, 8_000), ms(1, 600))
    .map(([size, spread, go, rest]) => [burst(size, go, spread), phase(rest, 0, go)]);
  return fc.array(fc.oneof(pause, quiet, flood, fits, crowd), { maxLength: 8 }).map((phases) => phases.flat());
}

/** One request may come a moment before the others: where a tenth of a second begins is then somewhere in the burst. */
function bursts(): fc.Arbitrary<{ once: Phase[]; periodMs: number }> {
  return fc
    .record({
      goPerSecond: rate(100, 8_000),
      goneWithinMs: fc.integer({ min: 10, max: TARGET_MS - 2 }),
      spreadMs: fc.integer({ min: 1, max: 15 }),
      restMs: fc.oneof(fc.integer({ min: 5, max: 200 }), fc.integer({ min: 200, max: 3_000 })),
      scout: fc.option(fc.integer({ min: 1, max: 150 })),
    })
    .map(({ goPerSecond, goneWithinMs, spreadMs, restMs, scout }) => {
      const size = Math.max(1, Math.floor((goPerSecond * goneWithinMs) / 1_000));
      const ahead = scout === null ? [] : [burst(1, goPerSecond), phase(scout, 0, goPerSecond)];
      const once = [...ahead, burst(size, goPerSecond, spreadMs), phase(TARGET_MS + restMs, 0, goPerSecond)];
      return { once, periodMs: once.reduce((sum, { ms }) => sum + ms, 0) };
    });
}

/** Slow ones as often as fast ones. */
function rate(least: number, most: number): fc.Arbitrary<number> {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  return share.map((part) => Math.round(least * (most / least) ** part));
}

function phase(ms: number, comePerSecond: number, goPerSecond: number): Phase {
  return { ms, comePerSecond, goPerSecond };
}
