import { NO_TOKENS, type SessionDocument, type TokenUsage } from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimateUsage } from './estimate-usage.ts';
import { linesOf } from './lines.ts';
import { DocumentMaker } from './make-document.ts';
import { toolCategories } from './tool-categories.ts';
import { totalsOf } from './totals.ts';

const priceBook = createPriceBook({ undatedMs: Date.parse('2026-01-01') });
const usage = (more: Partial<TokenUsage>): TokenUsage => ({ ...NO_TOKENS, ...more });

function totals(document: SessionDocument) {
  const lines = linesOf(document);
  const estimates = estimateUsage(lines, { format: 'otel', total: document.reportedTotals?.usage ?? null });
  const costs = document.calls.map((call) =>
    priceBook.price({ ...call, usage: call.usage ?? estimates.get(call.callId) ?? null }),
  );
  return totalsOf({
    document,
    lines,
    estimates,
    costs,
    contextWindowOf: ({ contextWindow }) => contextWindow,
    categoryOf: toolCategories(),
  });
}

describe('the figures of a session', () => {
  it('count failures of tools and models, and no refusal', () => {
    const maker = new DocumentMaker();
    maker.message('user');
    maker.turn({ usage: usage({ input: 10 }) });
    maker.call({ status: 'failed' });
    maker.call({ status: 'aborted', usage: usage({}) });
    for (const status of ['ok', 'failed', 'refused', 'pending'] as const) maker.tool('a', { status });
    expect(totals(maker.document())).toMatchObject({
      ...{ messages: 2, modelCalls: 3, failedModelCalls: 1, toolCalls: 4, failedToolCalls: 1, refusedToolCalls: 1 },
      ...{ errorRate: 2 / 7, successRate: 5 / 7, usageSource: 'reported' },
    });
  });

  it('count the calls whose service tier has no known price', () => {
    const maker = new DocumentMaker();
    const model = { provider: 'openai', model: 'o3', usage: usage({ input: 10 }) };
    maker.turn({ ...model, serviceTier: 'priority' });
    maker.turn({ ...model, serviceTier: 'batch' });
    maker.turn(model);
    expect(totals(maker.document())).toMatchObject({ standardPriceCalls: 1, unpricedCalls: 0 });
  });

  it('say of calls of which some have no price and the others took nothing that the cost is not known', () => {
    const maker = new DocumentMaker();
    maker.call({ model: 'a-model-of-ours', usage: usage({ input: 10 }) });
    maker.call({ model: 'a-model-of-ours', usage: usage({}), status: 'failed' });
    expect(totals(maker.document())).toMatchObject({ costUsd: null, unpricedCalls: 1 });
    maker.call({ model: 'claude-sonnet-4-5', usage: usage({ input: 1_000_000 }) });
    expect(totals(maker.document())).toMatchObject({ costUsd: 6, unpricedCalls: 1 });
  });

  it('say of an empty session that nothing is known', () => {
    expect(totals(new DocumentMaker().document())).toEqual({
      ...{ messages: 0, modelCalls: 0, failedModelCalls: 0, toolCalls: 0, failedToolCalls: 0, refusedToolCalls: 0 },
      ...{ retries: 0, errorRate: 0, successRate: 1, usageSource: 'none', usage: NO_TOKENS, costUsd: null },
      ...{ unpricedCalls: 0, reportedCostUsd: null, startedAtMs: null, endedAtMs: null, durationSeconds: null },
      ...{ endedWell: false, tokenEfficiency: null, cacheReadShare: null, contextUse: null },
    });
  });

  it('take in what subagents did, once', () => {
    const maker = new DocumentMaker();
    maker.turn({ usage: usage({ input: 100, output: 10 }) });
    maker.turn({ usage: usage({ input: 50, output: 5 }), subagent: 'other' });
    maker.tool('a', { subagent: 'other' });
    expect(totals(maker.document())).toMatchObject({
      messages: 2,
      modelCalls: 2,
      toolCalls: 1,
      usage: { input: 150, output: 15 },
    });
  });

  it('take in attempts on other models inside of a call', () => {
    const maker = new DocumentMaker();
    maker.turn({ usage: usage({ input: 100 }), besides: [{ model: 'other', usage: usage({ input: 11, output: 3 }) }] });
    expect(totals(maker.document()).usage).toEqual(usage({ input: 111, output: 3 }));
  });

  it('reach from the first time that is told to the last', () => {
    const maker = new DocumentMaker();
    maker.call({ askedAtMs: 500, atMs: 2_000 });
    maker.message('assistant', { atMs: null });
    maker.tool('a', { atMs: 1_000, endedAtMs: 91_500 });
    expect(totals(maker.document())).toMatchObject({ startedAtMs: 500, endedAtMs: 91_500, durationSeconds: 91 });
  });

  it('divide output and what was read from a cache by input', () => {
    const maker = new DocumentMaker();
    maker.turn({ usage: usage({ input: 1_000, cacheRead: 750, output: 50 }) });
    maker.turn({ usage: usage({ input: 1_000, cacheRead: 0, output: 150 }) });
    expect(totals(maker.document())).toMatchObject({ tokenEfficiency: 0.1, cacheReadShare: 0.375 });
  });

  it('measure how full the window of the last call of the main agent was', () => {
    const maker = new DocumentMaker();
    maker.turn({ usage: usage({ input: 10 }), contextWindow: 200_000 });
    maker.turn({ usage: usage({ input: 50_000 }), contextWindow: 200_000 });
    maker.turn({ usage: usage({ input: 1 }), contextWindow: 200_000, subagent: 'other' });
    maker.call({ status: 'failed', contextWindow: 200_000 });
    expect(totals(maker.document()).contextUse).toBe(0.25);
  });

  it('are reported, estimated or mixed, also where the transcript says only a total', () => {
    const sourceOf = (usages: readonly (TokenUsage | null)[], total: TokenUsage | null = null) => {
      const maker = new DocumentMaker();
      maker.message('user');
      for (const one of usages) maker.turn({ usage: one });
      const reportedTotals = total && { modelCalls: 5, usage: total, costUsd: '0.25' };
      const { usageSource, usage, modelCalls, reportedCostUsd } = totals(maker.document({ reportedTotals }));
      return [usageSource, usage.input, modelCalls, reportedCostUsd];
    };
    const reported = usage({ input: 1_000 });
    expect(sourceOf([reported])).toEqual(['reported', 1_000, 1, null]);
    expect(sourceOf([null])).toEqual(['estimated', 10, 1, null]);
    expect(sourceOf([reported, null])).toEqual(['mixed', 2_010, 2, null]);
    expect(sourceOf([null, null], usage({ input: 777 }))).toEqual(['reported', 777, 5, 0.25]);
    expect(sourceOf([], usage({ input: 777 }))).toEqual(['reported', 777, 5, 0.25]);
  });

  it('add up money without drift and in any order', () => {
    const calls = fc.array(fc.tuple(fc.nat(1_000_000), fc.nat(100_000)), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(calls, (all) => {
        const costOf = (some: typeof all): number | null => {
          const maker = new DocumentMaker();
          for (const [input, output] of some)
            maker.call({ usage: usage({ input, output }), model: 'claude-3-5-haiku-20241022' });
          return totals(maker.document()).costUsd;
        };
        // 0.8 and 4 dollars a million: 800,000 and 4,000,000 picodollars a token.
        const picodollars = all.reduce(
          (sum, [input, output]) => sum + 800_000n * BigInt(input) + 4_000_000n * BigInt(output),
          0n,
        );
        expect(costOf(all)).toBe(Number(`${picodollars}e-12`));
        expect(costOf(all.toReversed())).toBe(costOf(all));
      }),
    );
  });
});
