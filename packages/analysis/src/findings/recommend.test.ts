import { NO_TOKENS, type Recommendation, type SessionDocument, type SessionModelCall } from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import { describe, expect, test } from 'vitest';
import { analyseSession } from '../sessions/analyse-session.ts';
import { DocumentMaker } from '../sessions/make-document.ts';
import { cheaperModel, namesOfCheaper } from './recommendations/cheaper-model.ts';

const priceBook = createPriceBook({ undatedMs: Date.UTC(2025, 10, 1) });
const recommend = (document: SessionDocument): readonly Recommendation[] =>
  analyseSession(document, { priceBook }).recommendations;
const usage = { ...NO_TOKENS, input: 5_000, output: 100 };
const firstMs = Date.UTC(2025, 10, 1);

describe('a tool that fails', () => {
  test('in more than 30 % of its calls is named, with what those calls said and cost', () => {
    const maker = new DocumentMaker();
    for (let at = 0; at < 10; at++) {
      const { callId } = maker.call({ usage: { ...usage, cacheRead: 1_000 } });
      const atMs = firstMs + at * 1_000;
      const failed =
        at < 4 ? ({ status: 'failed', error: { type: null, message: 'Error: not found\nmore' } } as const) : {};
      maker.tool('lookup', {
        callId,
        atMs,
        endedAtMs: atMs + 200,
        arguments: `{"id":"number ${'x'.repeat(at * 50)}"}`,
        ...failed,
      });
    }
    const first = recommend(maker.document()).find(({ kind }) => kind === 'tool_error_rate');
    expect(first).toMatchObject({
      ...{
        kind: 'tool_error_rate',
        subject: 'lookup',
        title: '40 % of the calls of lookup failed',
        severity: 'warning',
      },
      ...{ figures: { calls: 10, failed: 4, errorRate: 0.4, sameReason: 4 }, saves: { ms: 800, calls: 4 } },
    });
    expect(first?.advice).toContain('"Error: not found"');
    expect(first?.evidence.map(({ id }) => id)).toEqual(maker.tools.slice(0, 4).map(({ toolCallId }) => toolCallId));
    // Each call of sonnet: 4,000 x 3 + 1,000 x 0.3 + 100 x 15 USD per million.
    expect(first?.saves.usd).toBeCloseTo(4 * 0.0138, 9);
  });

  test.each([
    ['in 30 % of its calls is not', 10, 3, 0],
    ['of few calls is not', 2, 2, 0],
    ['by refusals of the user is not', 10, 0, 9],
  ])('%s', (_what, calls, failures, refusals) => {
    const maker = new DocumentMaker();
    for (let at = 0; at < calls; at++) {
      const status = at < failures ? 'failed' : at < failures + refusals ? 'refused' : 'ok';
      maker.tool('lookup', { status, arguments: `{"id":"${'y'.repeat(at * 50)}"}` });
    }
    expect(recommend(maker.document())).toEqual([]);
  });
});

describe('retries', () => {
  const retried = (times: number): SessionDocument => {
    const maker = new DocumentMaker();
    for (let at = 0; at < 40; at++) maker.tool('Read', { arguments: `{"file_path":"/app/${at}"}`, resultBytes: at });
    for (let at = 0; at <= times; at++) {
      maker.tool('Bash', { arguments: '{"command":"npm test"}', ...(at < times ? { status: 'failed' } : {}) });
    }
    return maker.document();
  };

  test('more than two are too many', () => {
    const found = recommend(retried(3)).find(({ kind }) => kind === 'many_retries');
    expect(found).toMatchObject({ figures: { retries: 3, threshold: 2 }, saves: { calls: 3 } });
    expect(found?.evidence).toHaveLength(3);
  });

  test('two are not', () => {
    expect(recommend(retried(2)).filter(({ kind }) => kind === 'many_retries')).toEqual([]);
  });
});

describe('repeated calls', () => {
  const readAgain = (results: readonly string[], between: 'nothing' | 'an edit' = 'nothing'): SessionDocument => {
    const maker = new DocumentMaker();
    for (const [at, result] of results.entries()) {
      const atMs = firstMs + at * 10_000;
      if (at > 0 && between === 'an edit') maker.tool('Edit', { arguments: `{"at":${at}}`, atMs: atMs - 100 });
      maker.tool('Read', {
        arguments: '{"file_path":"/a"}',
        result,
        resultBytes: result.length,
        atMs,
        endedAtMs: atMs + 50,
      });
    }
    return maker.document();
  };

  test('that give what was known are spared', () => {
    expect(recommend(readAgain(['one', 'one', 'one', 'one']))).toMatchObject([
      {
        kind: 'repeated_calls',
        subject: 'Read',
        saves: { calls: 3, ms: 150 },
        figures: { repeats: 3, differentCalls: 1, resultBytes: 9 },
      },
    ]);
  });

  test('that find something else, or come after a change, are not', () => {
    expect(recommend(readAgain(['one', 'two', 'three', 'four']))).toEqual([]);
    expect(recommend(readAgain(['one', 'one', 'one', 'one'], 'an edit'))).toEqual([]);
  });

  test.each([
    ['with times', firstMs],
    ['without', null],
  ])('are counted from change to change, %s, and apart for each agent', (_what, beganMs) => {
    const maker = new DocumentMaker();
    let calls = 0;
    const call = (name: string, subagent: string | null = null): void => {
      const atMs = beganMs === null ? null : beganMs + ++calls * 1_000;
      maker.tool(name, { arguments: '{"file_path":"/a"}', result: 'same', resultBytes: 4, atMs, subagent });
    };
    for (const name of ['Read', 'Read', 'Edit', 'Read', 'Edit', 'Read', 'Read', 'Read']) call(name);
    for (const subagent of ['one', 'other', 'one', 'other']) call('Read', subagent);
    expect(recommend(maker.document())).toMatchObject([
      { kind: 'repeated_calls', subject: 'Read', saves: { calls: 1 + 2 + 2 } },
    ]);
  });
});

describe('a cache', () => {
  const conversation = (more: object): SessionDocument => {
    const maker = new DocumentMaker();
    for (let at = 0; at < 6; at++)
      maker.call({ usage: { ...usage, input: 10_000 * (at + 1), output: 1_000, ...more } });
    return maker.document();
  };

  test('that is never read is named, with what was sent again and what reading it would have cost', () => {
    const [found] = recommend(conversation({}));
    expect(found).toMatchObject({
      ...{ kind: 'cache_never_read', subject: 'claude-sonnet-4-5' },
      figures: { calls: 6, inputTokens: 210_000, tokensSentAgain: 150_000 },
    });
    expect(found?.saves.usd).toBeCloseTo((150_000 * (3 - 0.3)) / 1e6, 9);
    expect(found?.evidence).toHaveLength(5);
  });

  test('is not advised where the provider takes no less for it, and without a sum where no price is known', () => {
    const flat = createPriceBook({ undatedMs: 0, own: [] });
    const priceOf = (call: SessionModelCall) =>
      flat.price({ ...call, usage: call.usage && { ...call.usage, cacheRead: 0 } });
    const document = conversation({});
    expect(analyseSession(document, { priceBook: { price: priceOf } }).recommendations).toEqual([]);
    const unknown = { ...document, calls: document.calls.map((call) => ({ ...call, model: 'an-own-model' })) };
    expect(recommend(unknown)).toMatchObject([{ kind: 'cache_never_read', saves: { usd: null } }]);
  });

  test('that is read, or could not have been, is not', () => {
    expect(recommend(conversation({ cacheRead: 5_000 }))).toEqual([]);
    expect(recommend(conversation({ input: 1_000 }))).toEqual([]);
  });
});

describe('an expensive model', () => {
  const answers = (model: string, output: number): SessionDocument => {
    const maker = new DocumentMaker();
    for (let at = 0; at < 8; at++) maker.call({ model, usage: { ...usage, output, cacheRead: 4_000 } });
    return maker.document();
  };

  test('on short answers is compared with the cheaper one of its provider, on the same tokens', () => {
    const [found] = recommend(answers('claude-opus-4-5', 50));
    expect(found).toMatchObject({
      kind: 'expensive_model',
      subject: 'claude-opus-4-5',
      figures: { calls: 8, shortAnswers: 8, comparedCalls: 8 },
    });
    const cost = (input: number, cached: number, out: number): number =>
      (8 * (1_000 * input + 4_000 * cached + 50 * out)) / 1e6;
    expect(found?.figures.paidUsd).toBeCloseTo(cost(5, 0.5, 25), 9);
    expect(found?.figures.cheaperUsd).toBeCloseTo(cost(3, 0.3, 15), 9);
    expect(found?.saves.usd).toBeCloseTo(cost(2, 0.2, 10), 9);
  });

  test.each([
    ['aws.bedrock', 'claude-sonnet-4-5-20250929', 1],
    ['aws.bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', 1.1],
    ['aws.bedrock', 'converse/global.anthropic.claude-sonnet-4-5-20250929-v1:0', 1],
    ['gcp.vertex_ai', 'claude-sonnet-4-5@20250929', 1],
    ['openrouter', 'anthropic/claude-sonnet-4.5', 1],
    [null, 'litellm_proxy/anthropic/claude-sonnet-4-20250514', 1],
  ])('is compared at %s too, where it is called %s', (provider, model, ofList) => {
    const document = answers(model, 50);
    const [found] = recommend({ ...document, calls: document.calls.map((call) => ({ ...call, provider })) });
    expect(found).toMatchObject({ kind: 'expensive_model', subject: model, figures: { comparedCalls: 8 } });
    expect(found?.figures.cheaperUsd).toBeCloseTo((8 * ofList * (1_000 + 4_000 * 0.1 + 50 * 5)) / 1e6, 9);
  });

  test.each([
    'gemini-3-pro-image-preview',
    'gpt-4o-audio-preview',
    'gpt-4o-mini-tts',
    'gpt-image-1',
    'o3-deep-research',
  ])('%s does what no cheaper one does', (model) => {
    expect(cheaperModel(model)).toBeNull();
  });

  test('may be asked by a name that only one place has', () => {
    expect(namesOfCheaper('claude-haiku-4-5', 'eu.anthropic.claude-opus-4-1-20250805-v1:0')).toContain(
      'eu.anthropic.claude-haiku-4-5-20251001-v1:0',
    );
    expect(namesOfCheaper('gpt-5-mini', 'openai/gpt-5.5')).toEqual(['gpt-5-mini', 'openai/gpt-5-mini']);
    expect(namesOfCheaper('gpt-5-mini', 'gpt-5')).toEqual(['gpt-5-mini']);
  });

  test.each([
    ['on long answers', 'claude-opus-4-5', 2_000],
    ['that is the cheapest of its family', 'claude-haiku-4-5', 50],
    ['that nobody knows', 'an-own-model', 50],
  ])('%s is not', (_what, model, output) => {
    expect(recommend(answers(model, output))).toEqual([]);
  });
});

test('tools that wait longer than they work are named, and others not', () => {
  const waiting = (waitMs: number): SessionDocument => {
    const maker = new DocumentMaker();
    for (let at = 0; at < 4; at++) {
      const atMs = firstMs + at * 60_000;
      maker.tool('Bash', {
        arguments: `{"command":"echo ${at}"}`,
        atMs,
        startedAtMs: atMs + waitMs,
        endedAtMs: atMs + waitMs + 1_000,
      });
    }
    return maker.document();
  };
  expect(recommend(waiting(1_500))).toMatchObject([
    { kind: 'queue_wait', saves: { ms: 6_000 }, figures: { calls: 4, waitedMs: 6_000, workedMs: 4_000 } },
  ]);
  expect(recommend(waiting(900))).toEqual([]);
});

test('a window that is nearly full is named', () => {
  const maker = new DocumentMaker();
  const { callId } = maker.call({ contextWindow: 100_000, usage: { ...usage, input: 85_000 } });
  expect(recommend(maker.document())).toMatchObject([
    { kind: 'context_nearly_full', figures: { contextUse: 0.85 }, evidence: [{ kind: 'call', id: callId }] },
  ]);
});

test('a window that is nearly full is shown by the call that filled it, not by one after it that read nothing', () => {
  const maker = new DocumentMaker();
  const { callId } = maker.call({ contextWindow: 100_000, usage: { ...usage, input: 85_000 } });
  maker.call({ contextWindow: 100_000, status: 'failed', usage: null });
  maker.call({ contextWindow: 100_000, subagent: 'aside', usage: { ...usage, input: 10 } });
  expect(recommend(maker.document())).toMatchObject([{ kind: 'context_nearly_full', evidence: [{ id: callId }] }]);
});

test('what saves most money comes first, then what saves time, and nothing is said without evidence', () => {
  const maker = new DocumentMaker();
  for (let at = 0; at < 8; at++) {
    const atMs = firstMs + at * 60_000;
    const { callId } = maker.call({ model: 'claude-opus-4-5', atMs, usage: { ...usage, output: 20 } });
    const failed = at % 2 ? ({ status: 'failed' } as const) : {};
    maker.tool('Bash', {
      callId,
      arguments: '{"command":"npm test"}',
      atMs,
      startedAtMs: atMs + 2_000,
      endedAtMs: atMs + 2_500,
      ...failed,
    });
  }
  const found = recommend(maker.document());
  expect(found.map(({ kind }) => kind).sort()).toEqual([
    'cache_never_read',
    'expensive_model',
    'many_retries',
    'queue_wait',
    'tool_error_rate',
  ]);
  expect(found.at(-1)?.kind).toBe('queue_wait');
  const usd = found.map(({ saves }) => saves.usd ?? 0);
  expect(usd).toEqual(usd.toSorted((a, b) => b - a));
  expect(found.every(({ evidence }) => evidence.length > 0)).toBe(true);
});
