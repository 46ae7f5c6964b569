import { NO_TOKENS, type SessionDocument } from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import { expect, test } from 'vitest';
import { analyseSession } from './analyse-session.ts';
import { DocumentMaker } from './make-document.ts';

/** Two answers of which only the beginning was counted, estimated at 100 and 300 tokens, and one that was counted to its end. */
function given(more: Partial<SessionDocument> = {}): SessionDocument {
  const maker = new DocumentMaker();
  for (const estimatedTokens of [100, 300]) {
    const { callId } = maker.call({ usage: { ...NO_TOKENS, input: 1_000, output: 4 }, isPartial: true });
    maker.message('assistant', { callId, estimatedTokens });
  }
  maker.turn({ usage: { ...NO_TOKENS, input: 1_000, output: 50 } });
  return maker.document(more);
}

const analyse = (document: SessionDocument) => analyseSession(document, { priceBook: createPriceBook() });

test('an answer of which only the beginning was counted has what is estimated, and says so', () => {
  const { totals, estimates, costs, models } = analyse(given());
  expect(totals).toMatchObject({ usage: { input: 3_000, output: 450 }, usageSource: 'mixed' });
  expect(estimates.map(({ usage }) => [usage.input, usage.output])).toEqual([
    [1_000, 100],
    [1_000, 300],
  ]);
  // 3 and 15 USD a million.
  expect(costs.map(({ totalUsd }) => totalUsd)).toEqual([0.0045, 0.0075, 0.00375]);
  expect(models).toMatchObject([{ usage: { output: 450 }, usageSource: 'mixed' }]);
});

test('the sum is exact where the transcript tells it', () => {
  const reportedTotals = { modelCalls: null, usage: null, costUsd: null, output: 1_051 };
  const { totals, estimates } = analyse(given({ reportedTotals }));
  expect(totals.usage.output).toBe(1_051);
  // Of 1,001 what is beyond four each goes as the estimates go beyond them, 96 to 296.
  expect(estimates.map(({ usage }) => usage.output)).toEqual([247, 754]);
});

test.each([0, 7, 58])('a sum of %d that cannot be leaves what was counted', (output) => {
  const reportedTotals = { modelCalls: null, usage: null, costUsd: null, output };
  expect(analyse(given({ reportedTotals })).totals.usage.output).toBe(58);
});
