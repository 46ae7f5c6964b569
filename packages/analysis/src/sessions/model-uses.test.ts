import type { CallCost, SessionModelCall, TokenUsage } from '@tracepost/contracts';
import { NO_TOKENS } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { DocumentMaker } from './make-document.ts';
import { modelUses } from './model-uses.ts';

const usage = (input: number, output = 0): TokenUsage => ({ ...NO_TOKENS, input, output });

/** A picodollar a token, of the call and of its attempts on other models. */
function priceOf({ callId, usage, besides, model }: SessionModelCall): CallCost {
  const tokens = [usage ?? NO_TOKENS, ...besides.map((beside) => beside.usage)].map(
    ({ input, output }) => input + output,
  );
  const isPriced = model !== 'unknown';
  return {
    ...{ callId, status: isPriced ? 'priced' : 'unpriced', parts: [], price: null, reportedUsd: null, reason: null },
    totalUsd: isPriced ? tokens.reduce((sum, one) => sum + one, 0) / 1e12 : null,
  };
}

const usesOf = (maker: DocumentMaker, estimates = new Map<string, TokenUsage>(), total: TokenUsage | null = null) =>
  modelUses({
    document: maker.document({ reportedTotals: total && { modelCalls: null, usage: total, costUsd: null } }),
    estimates,
    costs: maker.calls.map(priceOf),
    priceOf,
  });

describe('what each model took', () => {
  it('is added up by provider and model, the most asked first', () => {
    const maker = new DocumentMaker();
    maker.call({ model: 'small', usage: usage(10) });
    maker.call({ model: 'large', usage: usage(100, 1) });
    maker.call({ model: 'large', usage: usage(100, 2) });
    maker.call({ model: 'large', provider: 'aws', usage: usage(1) });
    maker.call({ model: 'unknown', usage: usage(5) });
    expect(usesOf(maker)).toMatchObject([
      { model: 'large', provider: 'anthropic', calls: 2, usage: usage(200, 3), costUsd: 203e-12, unpricedCalls: 0 },
      { model: 'small', calls: 1, usage: usage(10), costUsd: 10e-12 },
      { model: 'large', provider: 'aws', calls: 1, usage: usage(1), costUsd: 1e-12 },
      { model: 'unknown', calls: 1, usage: usage(5), costUsd: null, unpricedCalls: 1 },
    ]);
  });

  it('costs nobody knows how much where what is known of it took nothing', () => {
    const maker = new DocumentMaker();
    maker.call({ model: 'unknown', usage: usage(5) });
    maker.call({ model: 'unknown', usage: usage(0), status: 'failed' });
    const { callId } = maker.calls[1] as SessionModelCall;
    const nothing = { status: 'nothing', totalUsd: 0 } as const;
    const priced = (call: SessionModelCall) => ({ ...priceOf(call), ...(call.callId === callId ? nothing : {}) });
    const costs = maker.calls.map(priced);
    const [use] = modelUses({ document: maker.document(), estimates: new Map(), costs, priceOf: priced });
    expect(use).toMatchObject({ calls: 2, costUsd: null, unpricedCalls: 1 });
  });

  it('holds attempts of other calls on it, which are no calls of their own', () => {
    const maker = new DocumentMaker();
    const besides = [
      { model: 'fallback', usage: usage(30) },
      { model: 'large', usage: usage(4) },
    ];
    maker.call({ model: 'large', usage: usage(100), besides });
    expect(usesOf(maker)).toMatchObject([
      { model: 'large', calls: 1, usage: usage(104), costUsd: 104e-12 },
      { model: 'fallback', calls: 0, usage: usage(30), costUsd: 30e-12 },
    ]);
  });

  it('says whether it was reported, estimated, or both', () => {
    const maker = new DocumentMaker();
    maker.call({ callId: 'a', model: 'one' });
    maker.call({ callId: 'b', model: 'two' });
    maker.call({ callId: 'c', model: 'two', usage: usage(1) });
    maker.call({ callId: 'd', model: 'three', usage: usage(1) });
    maker.call({ callId: 'e', model: 'four', status: 'failed' });
    const estimates = new Map([
      ['a', usage(7)],
      ['b', usage(8)],
    ]);
    const sources = Object.fromEntries(
      usesOf(maker, estimates).map((use) => [use.model, [use.usageSource, use.usage.input]]),
    );
    expect(sources).toEqual({
      one: ['estimated', 7],
      two: ['mixed', 9],
      three: ['reported', 1],
      four: ['reported', 0],
    });
  });

  it('is reported when a total of all calls is, and only one model was asked', () => {
    const maker = new DocumentMaker();
    maker.call({ callId: 'a', model: 'one' });
    const estimates = new Map([['a', usage(7)]]);
    expect(usesOf(maker, estimates, usage(7))[0]?.usageSource).toBe('reported');
    maker.call({ callId: 'b', model: 'two' });
    estimates.set('b', usage(1));
    expect(usesOf(maker, estimates, usage(8)).map((use) => use.usageSource)).toEqual(['estimated', 'estimated']);
  });
});
