import { NO_TOKENS, type SessionAnalysis } from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import { expect, test } from 'vitest';
import { analyseSession } from './analyse-session.ts';
import { DocumentMaker } from './make-document.ts';
import { ownFigures } from './own-figures.ts';

/** Three turns, each of which runs a tool that fails for its own reason. */
function fork(): { readonly document: ReturnType<DocumentMaker['document']>; readonly callIds: readonly string[] } {
  const maker = new DocumentMaker();
  const callIds = [1, 2, 3].map((turn) => {
    const { callId } = maker.turn();
    const error = { type: '429', message: `Turn ${turn} failed` };
    const { toolCallId } = maker.tool('Bash', {
      callId,
      status: 'failed',
      error,
      arguments: `{"turn":"number ${turn}"}`,
    });
    maker.tool('Read', { callId, arguments: `{"turn":${turn}}` });
    maker.message('tool', { toolCallId });
    return callId;
  });
  return { document: maker.document(), callIds };
}

test('a fork has the tools, runs, patterns, retries and advice of its own calls, and no others', () => {
  const { document, callIds } = fork();
  const analysis = analyseSession(document, { priceBook: createPriceBook() });
  expect(analysis.anomalies.map(({ kind }) => kind)).toEqual(['error_cluster']);
  const own = ownFigures({ document, analysis }, new Set(callIds.slice(0, 2)));
  expect(own.tools.map(({ name, count, failed }) => [name, count, failed])).toEqual([
    ['Bash', 1, 1],
    ['Read', 1, 0],
  ]);
  expect(own.sequences).toEqual([{ tools: ['Bash', 'Read'], count: 1 }]);
  expect(own.patterns.find(({ pattern }) => pattern === 'rate_limit')).toMatchObject({ count: 1 });
  expect(own.totals).toMatchObject({ messages: 2, modelCalls: 1, toolCalls: 2, failedToolCalls: 1, retries: 0 });
  expect(own.totals.startedAtMs).toBe(analysis.totals.startedAtMs);
  // It goes on into what is its own.
  expect(own.anomalies.map(({ evidence }) => evidence.length)).toEqual([1]);
  const none = ownFigures({ document, analysis }, new Set(callIds));
  expect(none).toMatchObject({
    ...{
      tools: [],
      sequences: [],
      sequencesLeftOut: 0,
      patterns: [],
      anomalies: [],
      recommendations: [],
      repeated: [],
    },
    totals: { messages: 0, modelCalls: 0, toolCalls: 0, retries: 0, costUsd: null },
  });
});

test('what is of no call is copied too where it stands before a call that is', () => {
  const maker = new DocumentMaker();
  maker.message('user');
  maker.tool('Bash', { callId: null });
  const { callId } = maker.turn();
  maker.tool('Read', { callId });
  maker.message('user');
  maker.tool('Bash', { callId: null });
  maker.turn();
  const document = maker.document();
  const analysis = analyseSession(document, { priceBook: createPriceBook() });
  const own = ownFigures({ document, analysis }, new Set([callId]));
  expect([own.totals.messages, own.tools.map(({ name, count }) => [name, count])]).toEqual([2, [['Bash', 1]]]);
});

test('a fork has the times of its own calls and tools', () => {
  const maker = new DocumentMaker();
  const answer = (ms: number): string => {
    const { callId, atMs } = maker.turn({ askedAtMs: 1_760_000_000_000, atMs: 1_760_000_000_000 + ms });
    maker.tool('Bash', { callId, atMs, startedAtMs: (atMs ?? 0) + 1, endedAtMs: (atMs ?? 0) + ms });
    return callId;
  };
  const copied = answer(60_000);
  answer(1_000);
  const document = maker.document();
  const analysis = analyseSession(document, { priceBook: createPriceBook() });
  expect(analysis.times.response).toMatchObject({ count: 2, maximumMs: 60_000 });
  const { times } = ownFigures({ document, analysis }, new Set([copied]));
  expect(times).toMatchObject({ response: { count: 1, maximumMs: 1_000 }, queue: { count: 1 } });
  expect(times.processing).toMatchObject({ count: 1, maximumMs: 999 });
});

test('what could be saved by other prices is told of its own calls, in proportion', () => {
  const maker = new DocumentMaker();
  const usage = { ...NO_TOKENS, input: 10_000, output: 100 };
  const calls = Array.from({ length: 12 }, () => maker.turn({ usage, model: 'claude-opus-4-1' }));
  const document = maker.document();
  const analysis = analyseSession(document, { priceBook: createPriceBook() });
  const savesOf = ({ recommendations }: Pick<SessionAnalysis, 'recommendations'>): unknown =>
    Object.fromEntries(recommendations.map(({ kind, saves, figures }) => [kind, [saves.usd, figures.calls]]));
  const half = new Set(calls.slice(0, 6).map(({ callId }) => callId));
  const rest = new DocumentMaker();
  for (const _ of calls.slice(6)) rest.turn({ usage, model: 'claude-opus-4-1' });
  const alone = analyseSession(rest.document(), { priceBook: createPriceBook() });
  expect(Object.keys(savesOf(alone) as object)).toEqual(['expensive_model', 'cache_never_read']);
  expect(savesOf(ownFigures({ document, analysis }, half))).toEqual(savesOf(alone));
});

test('what is reported of all calls together is shared out: nothing of it to a copy, and the parts of two are the whole', () => {
  const maker = new DocumentMaker();
  const calls = Array.from({ length: 5 }, () => maker.turn());
  const reported = { modelCalls: 5, usage: { ...NO_TOKENS, input: 1_000, cacheRead: 300, output: 100 }, costUsd: '1' };
  const document = maker.document({ format: 'openhands', reportedTotals: reported });
  const analysis = analyseSession(document, { priceBook: createPriceBook() });
  const ids = calls.map(({ callId }) => callId);
  const totalsWithout = (elsewhere: readonly string[]) => ownFigures({ document, analysis }, new Set(elsewhere)).totals;
  expect(analysis.totals).toMatchObject({ modelCalls: 5, usage: reported.usage, reportedCostUsd: 1 });
  expect(totalsWithout(ids)).toMatchObject({
    ...{ modelCalls: 0, usage: NO_TOKENS, usageSource: 'none', reportedCostUsd: null, errorRate: 0 },
  });
  const [begun, gone] = [totalsWithout(ids.slice(2)), totalsWithout(ids.slice(0, 2))];
  expect([begun.modelCalls, gone.modelCalls]).toEqual([2, 3]);
  for (const kind of ['input', 'cacheRead', 'output'] as const) {
    expect(Math.min(begun.usage[kind], gone.usage[kind])).toBeGreaterThan(0);
    expect(begun.usage[kind] + gone.usage[kind]).toBe(reported.usage[kind]);
  }
  // The later ones read more.
  expect(begun.reportedCostUsd).toBeGreaterThan(0);
  expect(begun.reportedCostUsd).toBeLessThan(2 / 5);
  expect((begun.reportedCostUsd ?? 0) + (gone.reportedCostUsd ?? 0)).toBeCloseTo(1, 11);
});

test('of calls that are not in the transcript a fork has as many as its own calls are of those that are', () => {
  const maker = new DocumentMaker();
  const calls = Array.from({ length: 4 }, () => maker.turn({ reportedCostUsd: '0.5', usage: NO_TOKENS }));
  const reportedTotals = { modelCalls: 8, usage: null, costUsd: '3' };
  const document = maker.document({ reportedTotals });
  const analysis = analyseSession(document, { priceBook: createPriceBook() });
  const elsewhere = new Set([calls[0]?.callId ?? '']);
  // Where no call tells what its part is, each has the same.
  expect(ownFigures({ document, analysis }, elsewhere).totals).toMatchObject({ modelCalls: 6, reportedCostUsd: 3.75 });
  const other = ownFigures({ document, analysis }, new Set(['of another session']));
  expect(other.totals).toMatchObject({ modelCalls: 8, reportedCostUsd: 5 });
});

test('without calls that count elsewhere they are those of the analysis', () => {
  const { document } = fork();
  const analysis = analyseSession(document, { priceBook: createPriceBook() });
  expect(analysis).toMatchObject(ownFigures({ document, analysis }, new Set()));
});
