import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type {
  AnalysisView,
  LiveAnalysisView,
  SessionComparisonView,
  SessionDocument,
  SessionListView,
  SessionView,
} from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import { createSessionTaker } from '@tracepost/sessions';
import { openSqliteSessionStore } from '@tracepost/store-sql';
import { createTelemetry } from '@tracepost/telemetry';
import { type SampleSession, sampleSession } from '@tracepost/testing';
import { readTranscript } from '@tracepost/transcripts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorld, type World } from './helpers/open-world.ts';

const HOUR = 3_600_000;
const now = Date.now();
/** Four answers: 1,000 tokens at 3 USD, 3,000 from the cache at 0.3 and 100 at 15 a million, each. */
const COST = (4 * (1_000 * 3 + 3_000 * 0.3 + 100 * 15)) / 1_000_000;

describe('sessions', () => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld({ isAnnounced: false });
    await take(
      { sessionId: 'failed', startMs: now - HOUR, endsWell: false },
      { sessionId: 'well', startMs: now - 2 * HOUR, endsWell: true },
      { sessionId: 'old', startMs: now - 240 * HOUR, endsWell: true, model: 'a-model-of-ours' },
    );
  }, 60_000);
  afterAll(() => world[Symbol.asyncDispose]());

  /** As session-analyst does it, in another opening of the same file. */
  async function take(...samples: readonly SampleSession[]): Promise<void> {
    const telemetry = createTelemetry({ serviceName: 'test' });
    const store = await openSqliteSessionStore({ path: join(world.folder, 'sessions.db'), telemetry });
    const taker = createSessionTaker({ store, priceBook: createPriceBook(), telemetry });
    for (const sample of samples) {
      const bytes = Buffer.from(sampleSession({ ...sample, givesUp: true }));
      const { documents } = await readTranscript(inOne(bytes));
      await taker.takeDocuments(documents, { tenantId: 'default' });
    }
    await store.close();
  }

  /** The same calls under another name, as a fork holds them. */
  const takeCopy = ({ as, ...sample }: SampleSession & { readonly as: string }): Promise<void> =>
    takeChanged(sample, (document) => ({ ...document, sessionId: as }));

  async function takeChanged(
    sample: SampleSession,
    change: (document: SessionDocument) => SessionDocument,
  ): Promise<void> {
    const telemetry = createTelemetry({ serviceName: 'test' });
    const store = await openSqliteSessionStore({ path: join(world.folder, 'sessions.db'), telemetry });
    const taker = createSessionTaker({ store, priceBook: createPriceBook(), telemetry });
    const { documents } = await readTranscript(inOne(Buffer.from(sampleSession({ ...sample, givesUp: true }))));
    await taker.takeDocuments(documents.map(change), { tenantId: 'default' });
    await store.close();
  }

  test('are listed, newest first, with what they took and cost', async () => {
    const { status, body } = await world.get<SessionListView>('/api/v1/sessions');
    expect(status).toBe(200);
    expect(body.items.map(({ sessionId }) => sessionId)).toEqual(['failed', 'well', 'old']);
    const [, well] = body.items;
    expect(well).toMatchObject({
      ...{ format: 'claude-code', agentId: 'claude-code', models: ['claude-sonnet-4-5'], providers: ['anthropic'] },
      links: { session: '/api/v1/sessions/well' },
      totals: {
        ...{ modelCalls: 4, toolCalls: 3, failedToolCalls: 1, retries: 1, usageSource: 'reported', unpricedCalls: 0 },
        usage: { input: 16_000, cacheRead: 12_000, output: 400 },
        startedAt: new Date(now - 2 * HOUR + 2_000).toISOString(),
      },
    });
    expect(well?.totals.costUsd).toBeCloseTo(COST, 12);
  });

  test('are found by agent, provider, model, complexity, time and text, page by page', async () => {
    const idsOf = async (query: string): Promise<string[]> => {
      const { body } = await world.get<SessionListView>(`/api/v1/sessions?${query}`);
      return body.items.map(({ sessionId }) => sessionId);
    };
    expect(await idsOf('model=a-model-of-ours')).toEqual(['old']);
    expect(await idsOf('agentId=codex')).toEqual([]);
    expect(await idsOf('text=could not do')).toEqual(['failed']);
    expect(await idsOf(`from=${new Date(now - 3 * HOUR).toISOString()}`)).toEqual(['failed', 'well']);
    expect(await idsOf('complexity=very_high')).toEqual([]);
    const first = await world.get<SessionListView>('/api/v1/sessions?limit=2');
    expect(first.body.items).toHaveLength(2);
    expect(await idsOf(`limit=2&cursor=${encodeURIComponent(first.body.nextCursor ?? '')}`)).toEqual(['old']);
  });

  test('are shown with every call, its arithmetic and what is known by what', async () => {
    const { status, body } = await world.get<SessionView>('/api/v1/sessions/well');
    expect(status).toBe(200);
    expect(body.messages).toHaveLength(8);
    expect(body.calls).toHaveLength(4);
    expect(body.toolCalls).toHaveLength(3);
    expect(body.messages[0]).toMatchObject({ role: 'user', text: 'Make the tests pass.' });
    expect(body.messages[0]).not.toHaveProperty('atMs');
    const cost = body.costs[0] as { totalUsd: number; parts: { kind: string; tokens: number; usd: number }[] };
    expect(cost.parts.map(({ kind, tokens }) => [kind, tokens])).toEqual([
      ['input', 1_000],
      ['cache_read', 3_000],
      ['output', 100],
    ]);
    expect(cost.parts.reduce((sum, { usd }) => sum + usd, 0)).toBeCloseTo(cost.totalUsd, 12);
    expect(body.patterns).toContainEqual(expect.objectContaining({ pattern: 'retry', by: 'structure' }));
    expect(body.complexity).toMatchObject({ parts: { messages: { value: 8, points: 0 } } });
    expect(body.times).toMatchObject({ response: { count: 4, medianMs: 2_000 } });
    expect(body.leftOut).toEqual({ messages: 0, calls: 0, toolCalls: 0, sequences: 0 });
  });

  test('whose model nobody has a price for are unpriced, which is not free', async () => {
    const { body } = await world.get<SessionView>('/api/v1/sessions/old');
    expect(body.totals).toMatchObject({ costUsd: null, unpricedCalls: 4 });
    expect(body.costs[0]).toMatchObject({ status: 'unpriced', totalUsd: null, reason: expect.any(String) });
  });

  test('stand side by side, with the first step that differs', async () => {
    const { body } = await world.get<SessionComparisonView>('/api/v1/sessions/failed/compare/well');
    expect(body).toMatchObject({
      commonSteps: 3,
      divergence: { kind: 'arguments', a: { tool: 'Bash', text: expect.stringContaining('rm -rf') } },
      toolDivergence: { kind: 'arguments', a: { tool: 'Bash', evidence: { at: expect.any(String) } } },
    });
    expect(body.commonToolCalls).toBe(2);
  });

  test('that are not there are told by name', async () => {
    for (const path of [
      '/api/v1/sessions/nobody',
      '/api/v1/sessions/well/compare/nobody',
      '/api/v1/sessions/__proto__',
    ]) {
      const { status, body } = await world.get(path);
      expect([path, status, body.code]).toEqual([path, 404, 'SESSION_NOT_FOUND']);
    }
    expect((await world.get('/api/v1/sessions?complexity=huge')).body.code).toBe('INVALID_REQUEST');
    expect((await world.get('/api/v1/sessions?cursor=x')).body.errors?.[0]?.pointer).toBe('/cursor');
  });

  test.each([
    ['sessions?limit=0', '/limit', 'has to be a whole number from 1 to 1000'],
    ['sessions?limit=many', '/limit', 'has to be a whole number from 1 to 1000'],
    ['sessions?limit=5&limit=6', '/limit', 'is given 2 times; it is taken once'],
    ['sessions?from=2026-01-01&from=2026-02-01', '/from', 'is given 2 times; it is taken once'],
    ['sessions?text=', '/text', 'has to be a text of 1 to 256 characters'],
    ['sessions?agent=x', '/agent', expect.stringContaining('did you mean agentId')],
    ['sessions/', '/sessionId', 'has to be a text of 1 to 512 characters'],
    ['sessions/a?full=1', '/full', 'is not known; there is nothing to give here'],
    ['sessions/a/compare/b?by=cost', '/by', 'is not known; there is nothing to give here'],
    ['analysis/live?window=1h', '/window', 'is not known; known are agentId, provider, model'],
    ['analysis/tools?window=7d&window=1h', '/window', 'is given 2 times; it is taken once'],
  ])('GET %s says what would be right', async (path, pointer, message) => {
    const { status, body } = await world.get(`/api/v1/${path}`);
    expect([status, body.code, body.errors]).toEqual([400, 'INVALID_REQUEST', [{ pointer, message }]]);
  });

  test('answer questions about many: tools, sequences, patterns, anomalies, advice, costs, forecasts', async () => {
    const ask = async (question: string): Promise<AnalysisView & Record<string, never>> => {
      const { status, body } = await world.get<AnalysisView>(`/api/v1/analysis/${question}`);
      expect([question, status]).toEqual([question, 200]);
      return body as AnalysisView & Record<string, never>;
    };
    expect(await ask('tools')).toMatchObject({
      ...{ window: '7d', sessions: 2, isCut: false },
      tools: [
        { name: 'Bash', count: 4, failed: 3, category: 'execute' },
        { name: 'Read', count: 2, failed: 0, category: 'file_read' },
      ],
    });
    expect(await ask('sequences')).toMatchObject({ sequences: [{ count: 2, sessions: 2 }, {}, {}] });
    expect((await ask('patterns')).patterns).toContainEqual(
      expect.objectContaining({ pattern: 'tool_error', count: 3 }),
    );
    expect(await ask('times')).toMatchObject({ sessions: 2, response: { count: 8, averageMs: 2_000 } });
    expect(await ask('anomalies')).toMatchObject({ sessions: 2 });
    // Four calls of a tool are too few to judge it by; the next test brings more.
    expect(await ask('recommendations')).toMatchObject({ sessions: 2, recommendations: [] });
    const costs = (await ask('costs')) as unknown as { total: { costUsd: number; calls: number }; byModel: object[] };
    expect(costs.total.calls).toBe(8);
    expect(costs.total.costUsd).toBeCloseTo(2 * COST, 12);
    expect(costs.byModel).toHaveLength(1);
    expect(await ask('forecast')).toMatchObject({ step: 'hour' });
    // The hour in which the old one was asked lies only partly in the window, and eleven whole ones do.
    const old = Math.floor((now - 240 * HOUR) / HOUR) * HOUR;
    const [from, to] = [old + 1, old + 12 * HOUR].map((atMs) => new Date(atMs).toISOString());
    expect(await ask(`forecast?from=${from}&to=${to}`)).toMatchObject({ step: 'hour', tokens: { basedOn: 11 } });
    const { body } = await world.get<AnalysisView>('/api/v1/analysis/tools?agentId=codex&window=30d');
    expect(body).toMatchObject({ sessions: 0, tools: [] });
  });

  test('that are under way are counted live', async () => {
    const sample = { sessionId: 'live', startMs: now - 60_000, endsWell: true };
    const model = (at: number) => (at === 0 ? { model: 'another' } : {});
    await takeChanged(sample, (document) => ({
      ...document,
      calls: document.calls.map((call, at) => ({ ...call, ...model(at) })),
    }));
    const { body } = await world.get<LiveAnalysisView>('/api/v1/analysis/live');
    expect(body.live).toMatchObject({ activeSessions: 1, requestsPerMinute: 4 / 5, averageResponseMs: 2_000 });
    const ofModel = async (query: string) =>
      (await world.get<LiveAnalysisView>(`/api/v1/analysis/live?${query}`)).body.live as Record<string, unknown>;
    expect(await ofModel('model=claude-sonnet-4-5&provider=anthropic')).toMatchObject({ requestsPerMinute: 3 / 5 });
    expect(await ofModel('model=another')).toMatchObject({ activeSessions: 1, requestsPerMinute: 1 / 5 });
    expect(await ofModel('provider=openai')).toMatchObject({ activeSessions: 0, requestsPerMinute: 0 });
    const { body: others } = await world.get<LiveAnalysisView>('/api/v1/analysis/live?agentId=codex');
    expect(others).toMatchObject({ sessions: 0, live: { activeSessions: 0 }, findings: [], recommendations: [] });
    const failing = expect.objectContaining({ kind: 'tool_error_rate', subject: 'Bash' });
    expect(body.recommendations).toContainEqual(failing);
    const { body: asked } = await world.get<AnalysisView>('/api/v1/analysis/recommendations');
    expect(asked).toMatchObject({ recommendations: expect.arrayContaining([failing]) });
  });

  test('that hold the calls of another one add nothing to what is counted of many', async () => {
    const sample = { sessionId: 'live', startMs: now - 60_000, endsWell: true };
    await take(sample);
    const figures = async () => {
      const { body } = await world.get<LiveAnalysisView>('/api/v1/analysis/live');
      const about = async (question: string) =>
        (await world.get<Record<string, unknown>>(`/api/v1/analysis/${question}?window=1h`)).body[question];
      const { requestsPerMinute, tokensPerMinute, errorRate } = body.live as Record<string, unknown>;
      const told: unknown[] = [];
      // One after another: few are answered at once.
      for (const question of ['tools', 'sequences', 'anomalies', 'recommendations']) told.push(await about(question));
      const { body: times } = await world.get<Record<string, object>>('/api/v1/analysis/times?window=1h');
      // It is a session of its own all the same, of which some things are said as a whole.
      told.push({ ...times.response, sessions: null, sessionMedianMs: null }, times.processing, times.tokenEfficiency);
      return [requestsPerMinute, tokensPerMinute, errorRate, ...told];
    };
    const before = await figures();
    await takeCopy({ ...sample, as: 'live-copy' });
    const { body } = await world.get<AnalysisView>('/api/v1/analysis/tools?window=1h');
    expect(await figures()).toEqual(before);
    expect(body.sessions).toBeGreaterThan(1);
  });

  test('that are damaged are left out of questions about many, and counted', async () => {
    const ask = () => world.get<AnalysisView>('/api/v1/analysis/tools');
    const { sessions } = (await ask()).body;
    const db = new DatabaseSync(join(world.folder, 'sessions.db'));
    const kept = db.prepare("select analysis from sessions where session_id = 'well'").get();
    const put = (bytes: unknown): void => {
      db.prepare("update sessions set analysis = ? where session_id = 'well'").run(bytes as Buffer);
    };
    put(Buffer.from('damaged'));
    const { status, body } = await ask();
    put(kept?.analysis);
    db.close();
    expect([status, body]).toMatchObject([
      200,
      { sessions: sessions - 1, unreadable: 1, unreadableSessions: ['well'] },
    ]);
  });

  test('that cannot be read are told with what mends them, and are named where many are asked for', async () => {
    await take({ sessionId: 'broken', startMs: now - 60_000, endsWell: true });
    const live = async () => (await world.get<LiveAnalysisView>('/api/v1/analysis/live')).body;
    const before = await live();
    const db = new DatabaseSync(join(world.folder, 'sessions.db'));
    const put = (column: string, bytes: unknown): void => {
      db.prepare(`update sessions set ${column} = ? where session_id = 'broken'`).run(bytes as Buffer);
    };
    const kept = db.prepare("select analysis, document, summary from sessions where session_id = 'broken'").get();
    const answers: unknown[] = [];
    for (const column of ['document', 'analysis']) {
      put(column, Buffer.from('damaged'));
      for (const path of ['broken', 'broken/compare/well', 'well/compare/broken']) {
        const { status, body, headers } = await world.get<{ code: string; detail: string }>(`/api/v1/sessions/${path}`);
        answers.push([
          status,
          body.code,
          /Import its transcript again/.test(body.detail),
          /Recompute/.test(body.detail),
        ]);
        expect(headers.get('retry-after')).toBeNull();
      }
      const now = await live();
      expect(now.live).toMatchObject({
        activeSessions: Number((before.live as Record<string, unknown>).activeSessions) - 1,
      });
      expect(now).toMatchObject({ unreadable: 1, unreadableSessions: ['broken'] });
      put(column, kept?.[column]);
    }
    expect(answers).toEqual([
      ...Array(3).fill([500, 'SESSION_DAMAGED', true, false]),
      ...Array(3).fill([500, 'SESSION_DAMAGED', false, true]),
    ]);
    put('summary', 'damaged');
    const { body } = await world.get<SessionListView>('/api/v1/sessions');
    expect([body.unreadable, body.items.length > 2]).toEqual([['broken'], true]);
    put('summary', kept?.summary);
    db.close();
    expect((await live()).unreadable).toBe(0);
  });

  test('cannot be asked for while their store cannot be opened, and can afterwards', async () => {
    let isAway = true;
    await using other = await openWorld({
      isAnnounced: false,
      replace: (real) => ({
        openSessions: () => (isAway ? Promise.reject(new Error('away')) : real.openSessions()),
      }),
    });
    const { status, body, headers } = await other.get('/api/v1/sessions');
    expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'SESSIONS_UNAVAILABLE', '2']);
    expect((await other.get('/api/v1/analysis/costs')).body.code).toBe('SESSIONS_UNAVAILABLE');
    isAway = false;
    expect((await other.get<SessionListView>('/api/v1/sessions')).body).toEqual({
      items: [],
      nextCursor: null,
      unreadable: [],
    });
  });
});

async function* inOne(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
