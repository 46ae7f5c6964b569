import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import type { ApiClient } from '../api-client.ts';
import { CommandFailure } from '../failures.ts';
import { createOutput, type Terminal } from '../output.ts';
import { printReport } from '../views/report-view.ts';
import { askPatiently } from './ask-patiently.ts';
import { askReport } from './ask-report.ts';

const ASKED = {
  window: undefined,
  from: undefined,
  to: undefined,
  agentId: undefined,
  provider: undefined,
  model: undefined,
};
const TOKENS = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };
const NO_COSTS = { calls: 0, failedCalls: 0, estimatedCalls: 0, unpricedCalls: 0, costUsd: null, cacheReadShare: null };
/** What every question is answered with here: each takes its own out of it. */
const ANSWER = {
  ...{ window: '7d', timeRange: { start: '2026-11-15T09:00:00.000Z', end: '2026-11-22T09:00:00.000Z' }, sessions: 0 },
  ...{ total: { ...NO_COSTS, usage: TOKENS }, byModel: [], byAgent: [], tools: [], sequences: [], leftOut: 0 },
  ...{ response: null, queue: null, processing: null, durationSeconds: null, contextUse: null, complexities: [] },
  ...{ tokenEfficiency: null, averageComplexityScore: null },
  ...{ isCut: false, unreadable: 0, unreadableSessions: [], forksLeftOut: 0 },
  ...{ patterns: [], kinds: [], anomalies: [], recommendations: [], items: [], nextCursor: null },
};

test('a gateway of before there were times gives a report without them', async () => {
  const context = given((path) => {
    if (path.endsWith('/times'))
      throw new CommandFailure('NOT_FOUND', 'There is nothing at GET /api/v1/analysis/times.');
    return ANSWER;
  });
  const report = await askReport(context, ASKED);
  expect(report.times).toBeNull();
  printReport(context.output, report);
  expect(context.stdout()).toMatch(/^Times\nNot known: the gateway is of an older version\.$/m);
});

test('what the answers leave out is told once', async () => {
  const left = { isCut: false, unreadable: 1, unreadableSessions: ['broken'], forksLeftOut: 0 };
  const context = given(() => ({ ...ANSWER, ...left }));
  printReport(context.output, await askReport(context, ASKED));
  expect(context.stdout().match(/^left out .*$/gm)).toEqual(['left out  1 session damaged where kept: broken']);
});

test('a session before the window is shown with words that the gateway takes, however long ago it was', async () => {
  const earlier = async (startedAt: string): Promise<string> => {
    const items = [{ totals: { startedAt, endedAt: startedAt } }];
    const context = given((path, query) => (path.endsWith('/sessions') && !query.from ? { ...ANSWER, items } : ANSWER));
    printReport(context.output, await askReport(context, ASKED));
    return /and earlier ones, .*: (--from .*)$/m.exec(context.stdout())?.[1] ?? '';
  };
  expect(await earlier('2026-11-01T10:00:00.000Z')).toBe('--from 2026-11-01');
  expect(await earlier('2025-10-25T10:00:00.000Z')).toBe('--from 2025-10-25');
  expect(await earlier('2024-02-01T10:00:00.000Z')).toBe('--from 2024-02-01 --to 2025-03-06');
});

test('what else goes wrong ends the report', async () => {
  const context = given(() => {
    throw new CommandFailure('INVALID_REQUEST', 'no');
  });
  await expect(askReport(context, ASKED)).rejects.toThrow('no');
});

test('a gateway that is busy with the questions of others is asked again, for a while', async () => {
  let asked = 0;
  const busy = new CommandFailure('SESSIONS_UNAVAILABLE', 'Ask again in a moment.', { isRetryable: true });
  const context = given(() => {
    asked++;
    if (asked === 1) throw busy;
    return ANSWER;
  });
  expect((await askReport(context, ASKED)).sessions.count).toBe(0);
  const refused = askPatiently(context, () => Promise.reject(busy), 0);
  await expect(refused).rejects.toBe(busy);
  const stopped = AbortSignal.abort();
  await expect(askPatiently({ ...context, signal: stopped }, () => Promise.reject(busy))).rejects.toThrow(
    'Interrupted',
  );
});

function given(answer: (path: string, query: Readonly<Record<string, unknown>>) => object) {
  const stdout: Terminal = new PassThrough();
  const output = createOutput({ stdout, stderr: new PassThrough(), isJson: false });
  const call: ApiClient['call'] = async <T>(path: string, { query = {} } = {}) => answer(path, query) as T;
  const api = { url: 'http://127.0.0.1:3400', call } as unknown as ApiClient;
  return { api, output, signal: new AbortController().signal, stdout: () => String((stdout as PassThrough).read()) };
}
