import type { SessionCompaction, TokenUsage } from '@tracepost/contracts';
import { NO_TOKENS } from '@tracepost/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EstimateOptions, estimateUsage } from './estimate-usage.ts';
import { linesOf } from './lines.ts';
import { DocumentMaker } from './make-document.ts';
import { shareOut } from './share-out.ts';

const estimatesOf = (make: (maker: DocumentMaker) => void, options: Partial<EstimateOptions> = {}) => {
  const maker = new DocumentMaker();
  make(maker);
  const found = estimateUsage(linesOf(maker.document()), { format: 'otel', ...options });
  return Object.fromEntries(Array.from(found, ([id, { input, output }]) => [id, [input, output]]));
};

describe('the estimate of what a call took', () => {
  it('is everything before it in its line, and its answer', () => {
    const estimates = estimatesOf((maker) => {
      maker.message('user', { estimatedTokens: 100 });
      maker.call({ callId: 'one' });
      maker.message('assistant', { callId: 'one', estimatedTokens: 7 });
      maker.message('assistant', { callId: 'one', estimatedTokens: 3 });
      maker.message('tool', { estimatedTokens: 40 });
      maker.message('user', { estimatedTokens: 1_000_000, subagent: 'elsewhere' });
      maker.call({ callId: 'two' });
      maker.message('assistant', { callId: 'two', estimatedTokens: 5 });
    });
    expect(estimates).toEqual({ one: [100, 10], two: [150, 5] });
  });

  it('is what stands before it of a call that has no answer, and nothing of one that failed', () => {
    const estimates = estimatesOf((maker) => {
      maker.message('user', { estimatedTokens: 100 });
      maker.call({ callId: 'stopped', status: 'aborted' });
      maker.call({ callId: 'failed', status: 'failed' });
      maker.message('user', { estimatedTokens: 20 });
      maker.call({ callId: 'unanswered' });
    });
    expect(estimates).toEqual({ stopped: [100, 0], unanswered: [120, 0] });
  });

  it('is made only where nothing was reported, and then from what its neighbours read besides', () => {
    const usage = { ...NO_TOKENS, input: 5_000, output: 20 };
    const estimates = estimatesOf((maker) => {
      maker.message('user', { estimatedTokens: 100 });
      maker.turn({ callId: 'before' });
      maker.turn({ callId: 'reported', usage });
      maker.turn({ callId: 'after' });
    });
    // The reported call read 5,000, of which messages are 110.
    expect(estimates).toEqual({ before: [100 + 4_890, 10], after: [120 + 4_890, 10] });
  });

  it('holds nothing that was summed up before it, and what stood in no message as the compaction tells', () => {
    const compactions: SessionCompaction[] = [];
    const maker = new DocumentMaker();
    const estimates = (): unknown => {
      const found = estimateUsage(linesOf(maker.document()), { format: 'claude-code', compactions });
      return Array.from(found.values(), ({ input }) => input);
    };
    const sumUp = (beforeTokens: number | null, summaryTokens: number | null): void => {
      const { atMs, sequence } = maker.message('user', { estimatedTokens: 0 });
      compactions.push({ compactionId: `${sequence}`, atMs, sequence, subagent: null, beforeTokens, summaryTokens });
    };
    maker.message('user', { estimatedTokens: 1_000 });
    maker.turn();
    sumUp(51_010, 300);
    maker.turn();
    sumUp(null, null);
    maker.turn();
    sumUp(40_040, 0);
    maker.turn();
    // Of 51,010 tokens 1,010 are messages.
    expect(estimates()).toEqual([51_000, 50_300, 50_000, 40_030]);
  });

  it('holds what the model was given besides, where the transcript has it, else what is usual for the program', () => {
    const one = (instructionTokens?: number) => (maker: DocumentMaker) => {
      maker.message('user', { estimatedTokens: 100 });
      maker.turn({ callId: 'one', ...(instructionTokens === undefined ? {} : { instructionTokens }) });
    };
    expect(estimatesOf(one(700))).toEqual({ one: [800, 10] });
    expect(estimatesOf(one(700), { format: 'claude-code' })).toEqual({ one: [800, 10] });
    expect(estimatesOf(one(), { format: 'claude-code' })).toEqual({ one: [29_100, 10] });
  });

  it('is never more than the model can read: before that, what was said is summed up', () => {
    const make = (maker: DocumentMaker) => {
      for (const callId of ['one', 'two', 'three', 'four']) {
        maker.message('user', { estimatedTokens: 85_000 });
        maker.turn({ callId });
      }
    };
    const estimates = estimatesOf(make, { contextWindowOf: () => 200_000 });
    // At 170,010 of 200,000 a summary of a twentieth of the window takes the place of everything.
    expect(estimates).toEqual({ one: [85_000, 10], two: [10_000, 10], three: [95_010, 10], four: [10_000, 10] });
    // pi sums up later than others, when 16,384 tokens are left.
    const ofPi = estimatesOf(make, { format: 'pi', contextWindowOf: () => 200_000 });
    expect(ofPi).toEqual({ one: [87_000, 10], two: [172_010, 10], three: [12_000, 10], four: [97_010, 10] });
    expect(estimatesOf(make)).toMatchObject({ two: [170_010, 10], three: [255_020, 10], four: [340_030, 10] });
  });

  it('is never less than nothing', () => {
    const estimates = estimatesOf((maker) => {
      maker.turn({ callId: 'before' });
      maker.message('user', { estimatedTokens: 90_000 });
      maker.turn({ callId: 'reported', usage: { ...NO_TOKENS, input: 40_000 } });
    });
    expect(estimates).toEqual({ before: [0, 10] });
  });

  it('begins anew with what a reported call read', () => {
    const estimates = estimatesOf(
      (maker) => {
        maker.message('user', { estimatedTokens: 90_000 });
        maker.turn({ callId: 'full' });
        maker.turn({ callId: 'reported', usage: { ...NO_TOKENS, input: 40_000 } });
        maker.turn({ callId: 'after' });
      },
      { contextWindowOf: () => 1_000_000 },
    );
    expect(estimates).toMatchObject({ after: [40_010, 10] });
    const inSmallWindow = estimatesOf(
      (maker) => {
        maker.message('user', { estimatedTokens: 60_000 });
        maker.turn({ callId: 'first', usage: { ...NO_TOKENS, input: 60_000 } });
        maker.message('user', { estimatedTokens: 30_000 });
        maker.turn({ callId: 'full' });
        maker.turn({ callId: 'reported', usage: { ...NO_TOKENS, input: 40_000 } });
        maker.turn({ callId: 'after' });
      },
      { contextWindowOf: () => 100_000 },
    );
    expect(inSmallWindow).toEqual({ full: [5_000, 10], after: [40_010, 10] });
  });

  it('only shares out what is reported of all calls together', () => {
    const make = (maker: DocumentMaker) => {
      maker.message('user', { estimatedTokens: 100 });
      for (const callId of ['one', 'two', 'three']) maker.turn({ callId });
    };
    const estimates = estimatesOf(make, { total: { ...NO_TOKENS, input: 1_000, output: 32 } });
    expect(estimates).toEqual({ one: [303, 11], two: [333, 10], three: [364, 11] });
  });
});

describe('sharing out', () => {
  it('neither loses nor adds a token, of any kind, and parts stay parts', () => {
    const tokens = fc.nat(1_000_000);
    fc.assert(
      fc.property(
        fc.array(tokens, { minLength: 6, maxLength: 6 }),
        fc.array(tokens, { minLength: 1, maxLength: 9 }),
        (kinds, weights) => {
          const [uncached = 0, cacheRead = 0, cacheWrite5m = 0, cacheWrite1h = 0, said = 0, reasoning = 0] = kinds;
          const input = uncached + cacheRead + cacheWrite5m + cacheWrite1h;
          const total = { input, cacheRead, cacheWrite5m, cacheWrite1h, output: said + reasoning, reasoning };
          const estimates = new Map(
            weights.map((weight, at) => [`${at}`, { ...NO_TOKENS, input: weight, output: weight % 7 }]),
          );
          const shares = [...shareOut(total, estimates).values()];
          for (const kind of Object.keys(total) as (keyof TokenUsage)[]) {
            expect(shares.reduce((sum, share) => sum + share[kind], 0)).toBe(total[kind]);
            expect(shares.every((share) => share[kind] >= 0)).toBe(true);
          }
          expect(
            shares.every((share) => share.cacheRead + share.cacheWrite5m + share.cacheWrite1h <= share.input),
          ).toBe(true);
          expect(shares.every((share) => share.reasoning <= share.output)).toBe(true);
        },
      ),
    );
  });
});
