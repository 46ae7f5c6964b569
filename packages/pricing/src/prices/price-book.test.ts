import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { TokenUsage } from '@tracepost/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sumUsd, toPicodollars, toUsd } from '../money.ts';
import { PRICE_LIST } from './listed-price.ts';
import type { OwnPrice } from './own-price.ts';
import { createPriceBook, type PricedCall } from './price-book.ts';

const none: TokenUsage = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };
const million = { ...none, input: 1_000_000 };
const book = createPriceBook();

function call(changes: Partial<PricedCall>): PricedCall {
  return {
    callId: 'c1',
    provider: null,
    model: 'claude-sonnet-4-5',
    atMs: Date.parse('2026-06-01T12:00:00Z'),
    usage: { ...none, input: 1000, output: 100 },
    besides: [],
    serviceTier: null,
    reportedCostUsd: null,
    ...changes,
  };
}

describe('a price book', () => {
  it('shows its arithmetic, kind by kind, and the entry of the list', () => {
    const usage = { input: 1000, cacheRead: 500, cacheWrite5m: 200, cacheWrite1h: 100, output: 50, reasoning: 20 };
    const part = (kind: string, tokens: number, usdPerMillion: string, usd: number) => ({
      kind,
      model: 'claude-sonnet-4-5',
      tokens,
      usdPerMillion,
      usd,
    });
    expect(book.price(call({ usage, reportedCostUsd: '0.0025' }))).toEqual({
      callId: 'c1',
      status: 'priced',
      totalUsd: 0.00285,
      parts: [
        part('input', 200, '3', 0.0006),
        part('cache_read', 500, '0.3', 0.00015),
        part('cache_write_5m', 200, '3.75', 0.00075),
        part('cache_write_1h', 100, '6', 0.0006),
        part('output', 30, '15', 0.00045),
        part('reasoning', 20, '15', 0.0003),
      ],
      price: { model: 'claude-sonnet-4-5', provider: 'anthropic', from: null, source: PRICE_LIST },
      reportedUsd: 0.0025,
      reason: null,
    });
  });

  it('chooses the tier by all of the input of the call, the cache too, and for all of its tokens', () => {
    const of = (input: number) => book.price(call({ usage: { ...none, input, cacheRead: 150_000, output: 10 } }));
    expect(of(200_000).totalUsd).toBe((50_000 * 3 + 150_000 * 0.3 + 10 * 15) / 1e6);
    expect(of(200_001).totalUsd).toBe((50_001 * 6 + 150_000 * 0.6 + 10 * 22.5) / 1e6);
  });

  it('takes the price of the day', () => {
    const at = (day: string) =>
      book.price(call({ provider: 'openai', model: 'o3', usage: million, atMs: Date.parse(day) }));
    expect(at('2025-06-09T23:59:59Z')).toMatchObject({ totalUsd: 10, price: { from: null } });
    expect(at('2025-06-10T00:00:00Z')).toMatchObject({ totalUsd: 2, price: { from: '2025-06-10' } });
  });

  it('takes prices by the hour only from the day on that the list names', () => {
    const at = (time: string) =>
      book.price(call({ provider: 'deepseek', model: 'deepseek-v4-pro', usage: million, atMs: Date.parse(time) }))
        .totalUsd;
    expect([
      at('2026-08-16T02:00:00Z'),
      at('2026-08-17T02:00:00Z'),
      at('2026-08-17T05:00:00Z'),
      at('2026-08-17T09:59:59Z'),
      at('2026-08-17T10:00:00Z'),
    ]).toEqual([0.435, 1.32, 0.66, 1.32, 0.66]);
    const undated = (time: string) =>
      book.price(call({ provider: 'deepseek', model: 'deepseek-chat', usage: million, atMs: Date.parse(time) }))
        .totalUsd;
    expect([undated('2026-06-01T12:00:00Z'), undated('2026-06-01T20:00:00Z')]).toEqual([0.27, 0.27]);
  });

  it.each<[string | null, string, string, string]>([
    // provider, model as it is found; provider and model of the price list
    ['anthropic', 'claude-sonnet-4-5-20250929', 'anthropic', 'claude-sonnet-4-5'],
    [null, 'claude-sonnet-4-5[1m]', 'anthropic', 'claude-sonnet-4-5'],
    [null, 'openai/responses/gpt-5', 'openai', 'gpt-5'],
    [null, 'azure/responses/gpt-5', 'azure', 'gpt-5'],
    [null, 'litellm_proxy/prod/claude-sonnet-4-5', 'anthropic', 'claude-sonnet-4-5'],
    ['litellm', 'litellm_proxy/team-a/openai/gpt-5', 'openai', 'gpt-5'],
    [null, 'bedrock/us-east-1/amazon.nova-lite-v1:0', 'aws', 'amazon.nova-lite-v1:0'],
    [null, 'bedrock/us-east-1/claude-sonnet-4-5-20250929', 'aws', 'global.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    [
      null,
      'bedrock/us-gov-west-1/global.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'aws',
      'global.anthropic.claude-sonnet-4-5-20250929-v1:0',
    ],
    [
      null,
      'converse/jp.anthropic.claude-haiku-4-5-20251001-v1:0',
      'aws',
      'regional.anthropic.claude-haiku-4-5-20251001-v1:0',
    ],
    [
      'anthropic',
      'jp.anthropic.claude-haiku-4-5-20251001-v1:0',
      'aws',
      'regional.anthropic.claude-haiku-4-5-20251001-v1:0',
    ],
    [
      'aws.bedrock',
      'global.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'aws',
      'global.anthropic.claude-sonnet-4-5-20250929-v1:0',
    ],
    ['aws.bedrock', 'claude-sonnet-4-5-20250929', 'aws', 'global.anthropic.claude-sonnet-4-5-20250929-v1:0'],
    [
      null,
      'bedrock/converse/eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'aws',
      'regional.anthropic.claude-sonnet-4-5-20250929-v1:0',
    ],
    [
      null,
      'arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0',
      'aws',
      'regional.anthropic.claude-sonnet-4-5-20250929-v1:0',
    ],
    [null, 'litellm_proxy/anthropic/claude-sonnet-4-20250514', 'anthropic', 'claude-sonnet-4-0'],
    [null, 'litellm_proxy/claude-sonnet-4-20250514', 'anthropic', 'claude-sonnet-4-0'],
    [null, 'litellm_proxy/deepseek/deepseek-chat', 'deepseek', 'deepseek-chat'],
    [
      'gcp.vertex_ai',
      'projects/p-1/locations/global/publishers/google/models/gemini-2.5-pro',
      'google',
      'gemini-2.5-pro',
    ],
    [null, 'models/gemini-2.5-pro', 'google', 'gemini-2.5-pro'],
    [null, 'vertex_ai/claude-sonnet-4-5@20250929', 'google', 'claude-sonnet-4-5'],
    ['azure.ai.openai', 'gpt-5-mini', 'azure', 'gpt-5-mini'],
    [null, 'openai:gpt-5', 'openai', 'gpt-5'],
    ['openai-codex', 'gpt-5.5', 'openai', 'gpt-5.5'],
    [null, 'openai/gpt-oss-120b', 'openai', 'gpt-oss-120b'],
    ['groq', 'openai/gpt-oss-120b', 'groq', 'openai/gpt-oss-120b'],
    [null, 'openrouter/anthropic/claude-sonnet-4.5', 'openrouter', 'anthropic/claude-sonnet-4.5'],
    ['openrouter', 'anthropic/claude-sonnet-4.5:floor', 'openrouter', 'anthropic/claude-sonnet-4.5'],
    ['openrouter', 'deepseek/deepseek-v3.2-20251201', 'openrouter', 'deepseek/deepseek-v3.2'],
    ['openrouter', 'openai/gpt-4o-2024-11-20:nitro', 'openrouter', 'openai/gpt-4o'],
    ['x_ai', 'grok-3-mini', 'x-ai', 'grok-3-mini'],
  ])('knows %s %s as %s %s', (provider, model, listedProvider, listedModel) => {
    expect(book.price(call({ provider, model })).price).toMatchObject({ provider: listedProvider, model: listedModel });
  });

  it.each<[Partial<PricedCall>, string]>([
    [{ model: 'nobody-knows-me' }, 'no price is known for the model "nobody-knows-me"'],
    [{ model: 'gpt-5', provider: 'anthropic' }, 'no price is known for the model "gpt-5" at "anthropic"'],
    [{ model: null }, 'the model is not known'],
    [{ usage: null }, 'no usage is known'],
    [{ model: 'x'.repeat(5000) }, `no price is known for the model "${'x'.repeat(100)}…"`],
    [{ model: '__proto__' }, 'no price is known for the model "__proto__"'],
    [{ model: 'whisper-1', provider: 'openai' }, `${PRICE_LIST} has no price for`],
  ])('says why it cannot price %j, and never that it was free', (changes, reason) => {
    const cost = book.price(call(changes));
    expect(cost).toMatchObject({ status: 'unpriced', totalUsd: null, parts: [], price: null });
    expect(cost.reason).toContain(reason);
  });

  it.each<Partial<PricedCall>>([
    { usage: none },
    { usage: none, model: 'nobody-knows-me' },
    { model: '<synthetic>' },
    { model: '<synthetic>', usage: null },
  ])('says "nothing" where no model did anything: %j', (changes) => {
    expect(book.price(call(changes))).toMatchObject({ status: 'nothing', totalUsd: 0, parts: [], reason: null });
  });

  it('adds what was done besides, each attempt with its own model and its own tier', () => {
    const usage = { ...none, input: 150_000 };
    const cost = book.price(call({ usage, besides: [{ model: 'claude-opus-4-5', usage }] }));
    expect(cost.totalUsd).toBe(0.45 + 0.75);
    expect(cost.parts.map(({ model }) => model)).toEqual(['claude-sonnet-4-5', 'claude-opus-4-5']);
    expect(book.price(call({ usage, besides: [{ model: 'nobody-knows-me', usage }] }))).toMatchObject({
      status: 'unpriced',
      totalUsd: null,
    });
  });

  it('halves what a batch cost, and says where it knows the standard price only', () => {
    expect(
      book.price(call({ usage: million, serviceTier: 'batch', provider: 'openai', model: 'gpt-4.1' })),
    ).toMatchObject({
      totalUsd: 1,
      price: { source: `${PRICE_LIST}, half of it for batch` },
    });
    expect(
      book.price(call({ usage: million, serviceTier: 'priority', provider: 'openai', model: 'o3' })),
    ).toMatchObject({
      totalUsd: 2,
      price: { source: `${PRICE_LIST}, standard price: it has none for "priority"`, unknownTier: 'priority' },
    });
    expect(
      book.price(call({ usage: million, serviceTier: 'flex', model: 'amazon.nova-lite-v1:0' })).price?.unknownTier,
    ).toBe('flex');
  });

  it.each<[string, string, string, Partial<TokenUsage>, number]>([
    // provider, model, tier, usage, US dollars
    ['openai', 'gpt-4.1', 'priority', { input: 1_000_000, cacheRead: 500_000, output: 100_000 }, 1.75 + 0.4375 + 1.4],
    ['openai', 'gpt-5-mini', 'priority', { input: 1_000_000, output: 1_000_000 }, 0.45 + 3.6],
    ['openai', 'gpt-5.5', 'priority', { input: 200_000, output: 1000 }, 2.5 + 0.075],
    ['anthropic', 'claude-opus-4-6', 'fast', { input: 300_000, output: 1000 }, 9 + 0.15],
    ['anthropic', 'claude-opus-4-7', 'fast', { input: 1_000_000, cacheRead: 1_000_000 }, 3],
    ['anthropic', 'claude-opus-5', 'fast', { input: 1_000_000, cacheWrite1h: 1_000_000, output: 1000 }, 20 + 0.05],
  ])('takes what %s sells %s as %s for', (provider, model, serviceTier, usage, usd) => {
    const cost = book.price(call({ provider, model, serviceTier, usage: { ...none, ...usage } }));
    expect(cost.totalUsd).toBe(usd);
    expect(cost.price?.source).toMatch(new RegExp(`times of it for ${serviceTier}$`));
    expect(cost.price).not.toHaveProperty('unknownTier');
  });

  it.each<[string, string, string, number]>([
    // Not sold for long contexts; a model without fast mode; sold by another one.
    ['openai', 'gpt-5.5', 'priority', 300_000],
    ['anthropic', 'claude-sonnet-4-5', 'fast', 1000],
    ['aws.bedrock', 'global.anthropic.claude-opus-4-6-v1', 'fast', 1000],
    ['openai', 'gpt-5.5', 'fast', 1000],
  ])('says of %s, %s as %s that it is the standard price', (provider, model, serviceTier, input) => {
    const usage = { ...none, input };
    const standard = book.price(call({ provider, model, usage }));
    const cost = book.price(call({ provider, model, usage, serviceTier }));
    expect([cost.totalUsd, cost.price?.unknownTier]).toEqual([standard.totalUsd, serviceTier]);
  });

  it.each<[string, string, string | null, number]>([
    // provider, model, what the answer says of its place, US dollars
    ['anthropic', 'claude-opus-4-6', 'us', 5.5 + 0.55 + 6.875 + 11 + 27.5],
    ['anthropic', 'claude-sonnet-4-6', 'us', 3.3 + 0.33 + 4.125 + 6.6 + 16.5],
    ['anthropic', 'claude-opus-4-6', 'global', 5 + 0.5 + 6.25 + 10 + 25],
    ['anthropic', 'claude-opus-4-6', null, 5 + 0.5 + 6.25 + 10 + 25],
    // Older than the surcharge; sold by another one.
    ['anthropic', 'claude-opus-4-5-20251101', 'us', 5 + 0.5 + 6.25 + 10 + 25],
    ['anthropic', 'claude-haiku-4-5', 'us', 1 + 0.1 + 1.25 + 2 + 5],
    ['aws.bedrock', 'global.anthropic.claude-opus-4-6-v1', 'us', 5 + 0.5 + 6.25 + 10 + 25],
  ])('takes what %s sells %s for in the place %j', (provider, model, place, usd) => {
    const usage = { ...none, input: 4e6, cacheRead: 1e6, cacheWrite5m: 1e6, cacheWrite1h: 1e6, output: 1e6 };
    const rawUsage = JSON.stringify({ output_tokens: 1e6, inference_geo: place });
    const cost = book.price(call({ provider, model, usage, rawUsage }));
    expect(cost.totalUsd).toBeCloseTo(usd, 9);
    expect(cost.price?.source.endsWith(', 1.1 times of it for inference in the US')).toBe(
      place === 'us' && model.endsWith('-4-6'),
    );
  });

  it('adds the surcharge of a place to the price of a tier, and none to a price of your own', () => {
    const us = { usage: million, model: 'claude-opus-4-6', provider: 'anthropic', rawUsage: '{"inference_geo":"us"}' };
    expect(book.price(call({ ...us, serviceTier: 'batch' }))).toMatchObject({
      totalUsd: 2.75,
      price: { source: `${PRICE_LIST}, half of it for batch, 1.1 times of it for inference in the US` },
    });
    const own = createPriceBook({ own: [{ model: 'claude-*', usdPerMillion: { input: 4, output: 20 } }] });
    expect(own.price(call(us)).totalUsd).toBe(4);
  });

  it.each<[string | null, string]>([
    ['ollama', 'deepseek-r1:8b'],
    ['LM Studio', 'gpt-oss-20b'],
    ['llama.cpp', 'mistral-small-latest'],
    ['vllm', 'deepseek-chat'],
    [null, 'ollama_chat/deepseek-chat'],
    ['openai', 'hosted_vllm/mistral-small-latest'],
    [null, 'litellm_proxy/ollama/deepseek-chat'],
  ])('has no price of a cloud for what runs here: %s, %s', (provider, model) => {
    const cost = book.price(call({ provider, model }));
    expect(cost).toMatchObject({ status: 'unpriced', totalUsd: null });
    expect(cost.reason).toContain('runs on your own machine');
    const own = createPriceBook({ own: [{ model: '*', usdPerMillion: { input: 1, output: 1 } }] });
    expect(own.price(call({ provider, model })).totalUsd).toBe(0.0011);
  });

  it('takes sound and pictures at their own prices, and does not take them for text where there is none', () => {
    const usage = { ...none, input: 1000, cacheRead: 400, output: 300 };
    const of = (model: string, rawUsage: object | string, provider = 'openai') =>
      book.price(
        call({ provider, model, usage, rawUsage: typeof rawUsage === 'string' ? rawUsage : JSON.stringify(rawUsage) }),
      );
    const realtime = of('gpt-realtime', {
      input_token_details: { text_tokens: 200, audio_tokens: 800, cached_tokens_details: { audio_tokens: 300 } },
      output_token_details: { text_tokens: 50, audio_tokens: 250 },
    });
    expect(realtime.parts.map(({ kind, tokens, usdPerMillion }) => [kind, tokens, usdPerMillion])).toEqual([
      ['input', 100, '4'],
      ['audio_input', 500, '32'],
      ['cache_read', 100, '0.4'],
      ['audio_cache_read', 300, '0.4'],
      ['output', 50, '16'],
      ['audio_output', 250, '64'],
    ]);
    const gemini = of(
      'gemini-2.5-flash',
      {
        promptTokensDetails: [
          { modality: 'TEXT', tokenCount: 900 },
          { modality: 'AUDIO', tokenCount: 100 },
        ],
      },
      'google',
    );
    expect(gemini.parts).toContainEqual(expect.objectContaining({ kind: 'audio_input', tokens: 100, usd: 0.0001 }));
    const drawn = { candidatesTokensDetails: [{ modality: 'IMAGE', tokenCount: 290 }] };
    expect(of('gemini-2.5-flash-image', drawn, 'google').parts).toContainEqual(
      expect.objectContaining({ kind: 'image_output', tokens: 290, usd: 0.0087 }),
    );
    // No entry of the list for its sound.
    const spoken = { completion_tokens_details: { audio_tokens: 250 } };
    expect(of('gpt-4o-audio-preview', spoken)).toMatchObject({ status: 'unpriced', totalUsd: null });
    expect(of('gpt-4o-audio-preview', spoken).reason).toContain('has no price for audio_output tokens');
    // Nothing told, nothing larger than its whole, and what is no JSON.
    const plain = of('gpt-4o-audio-preview', { prompt_tokens_details: { audio_tokens: 0 } }).totalUsd;
    expect([plain, of('gpt-4o-audio-preview', '{"audio_tokens":5').totalUsd]).toEqual([0.0055, 0.0055]);
    const absurd = of('gpt-realtime', { input_token_details: { audio_tokens: 1e12 } });
    expect(absurd.parts.filter(({ kind }) => kind.includes('put')).map(({ tokens }) => tokens)).toEqual([600, 300]);
  });

  it('charges searches of the web that the provider made', () => {
    const rawUsage = JSON.stringify({ input_tokens: 1000, server_tool_use: { web_search_requests: 3 } });
    const cost = book.price(call({ rawUsage }));
    expect(cost.totalUsd).toBe(0.0345);
    expect(cost.parts.at(-1)).toEqual({
      ...{ kind: 'web_search', model: 'claude-sonnet-4-5', tokens: 3, usdPerMillion: '10000', usd: 0.03 },
    });
    const bedrock = book.price(call({ provider: 'aws.bedrock', model: 'claude-sonnet-4-5-20250929', rawUsage }));
    expect(bedrock.reason).toMatch(/no price for web searches of aws/);
  });

  it('prices a request that is charged as such', () => {
    const cost = book.price(
      call({ provider: 'perplexity', model: 'sonar', usage: { ...none, input: 10, output: 251 } }),
    );
    expect(cost.totalUsd).toBe(0.012261);
    expect(cost.parts.at(-1)).toMatchObject({ kind: 'request', tokens: 1, usdPerMillion: '12000', usd: 0.012 });
  });

  it('takes twice the input for an hour of cache where the list of a cloud leaves it out', () => {
    const cost = book.price(
      call({ model: 'jp.anthropic.claude-haiku-4-5-20251001-v1:0', usage: { ...million, cacheWrite1h: 1_000_000 } }),
    );
    expect(cost).toMatchObject({ totalUsd: 2.2, parts: [{ usdPerMillion: '2.2' }] });
  });

  it('tells the window of a model', () => {
    expect(book.contextWindow({ provider: null, model: 'litellm_proxy/anthropic/claude-sonnet-4-20250514' })).toBe(
      200_000,
    );
    expect(book.contextWindow({ provider: null, model: 'nobody-knows-me' })).toBeNull();
    expect(book.contextWindow({ provider: null, model: null })).toBeNull();
  });

  it('bears the version of the list that is installed', () => {
    const main = createRequire(import.meta.url).resolve('@pydantic/genai-prices');
    const { version } = JSON.parse(readFileSync(join(main, '../../package.json'), 'utf8')) as { version: string };
    expect(PRICE_LIST).toBe(`genai-prices ${version}`);
    expect(book.version).toContain(PRICE_LIST);
  });
});

describe('own prices', () => {
  const own = (changes: Partial<OwnPrice> = {}): OwnPrice => ({
    model: 'claude-*',
    usdPerMillion: { input: '1', output: '2' },
    ...changes,
  });
  const price = (prices: readonly OwnPrice[], changes: Partial<PricedCall> = {}) =>
    createPriceBook({ own: prices }).price(call({ usage: million, ...changes }));

  it('go before the list, also for a model that it does not know', () => {
    expect(price([own()])).toMatchObject({ totalUsd: 1, price: { model: 'claude-sonnet-4-5', source: 'own prices' } });
    expect(price([own({ model: 'local/*' })], { model: 'local/llama:8b' })).toMatchObject({
      status: 'priced',
      totalUsd: 1,
    });
    expect(price([own({ model: 'gpt-*' })])).toMatchObject({ totalUsd: 6, price: { source: PRICE_LIST } });
  });

  it('fit the model as it is named, and without its route', () => {
    const model = 'litellm_proxy/anthropic/claude-sonnet-4-5';
    expect(price([own({ model: 'claude-sonnet-4-5' })], { model }).totalUsd).toBe(1);
    expect(price([own({ model: 'litellm_proxy/*' })], { model }).totalUsd).toBe(1);
    expect(price([own({ model: 'claude.sonnet.4.5' })], { model }).totalUsd).toBe(6);
  });

  it('count from their day on', () => {
    const prices = [own(), own({ from: '2026-03-01', usdPerMillion: { input: '4', output: '2' } })];
    expect(price(prices, { atMs: Date.parse('2026-02-28T23:59:59Z') })).toMatchObject({
      totalUsd: 1,
      price: { from: null },
    });
    expect(price(prices.toReversed(), { atMs: Date.parse('2026-03-01T00:00:00Z') })).toMatchObject({
      totalUsd: 4,
      price: { from: '2026-03-01' },
    });
    expect(price([own({ from: '2027-01-01' })])).toMatchObject({ totalUsd: 6, price: { source: PRICE_LIST } });
  });

  it('are chosen by how closely they are meant, whatever their order', () => {
    const prices = [
      own({ model: '*' }),
      own({ model: 'claude-sonnet-*', usdPerMillion: { input: '2', output: '0' } }),
      own({ model: 'claude-sonnet-*', provider: 'aws.bedrock', usdPerMillion: { input: '3', output: '0' } }),
      own({
        model: 'claude-sonnet-*',
        provider: 'aws.bedrock',
        serviceTier: 'batch',
        usdPerMillion: { input: '4', output: '0' },
      }),
    ];
    for (const list of [prices, prices.toReversed()]) {
      expect(price(list, { model: 'other' }).totalUsd).toBe(1);
      expect(price(list).totalUsd).toBe(2);
      expect(price(list, { provider: 'bedrock' }).totalUsd).toBe(3);
      expect(price(list, { provider: 'bedrock', serviceTier: 'batch' }).totalUsd).toBe(4);
      expect(price(list, { provider: 'bedrock', serviceTier: 'Batch' }).totalUsd).toBe(4);
    }
  });

  it('have tiers, and prices of cache, reasoning and request of their own', () => {
    const prices = [
      own({
        usdPerMillion: {
          input: {
            base: 1,
            tiers: [
              { above: 100, price: '10' },
              { above: 50, price: '5' },
            ],
          },
          output: 2,
          cacheRead: '0.1',
          reasoning: 8,
        },
        usdPerRequest: '0.5',
      }),
    ];
    const of = (usage: Partial<TokenUsage>) => price(prices, { usage: { ...none, ...usage } }).totalUsd;
    expect(of({ input: 50 })).toBe(0.50005);
    expect(of({ input: 51 })).toBe(0.500255);
    expect(of({ input: 101, cacheRead: 1 })).toBe(0.5010001);
    expect(of({ output: 10, reasoning: 4 })).toBe(0.500044);
  });

  it('change the version of the book, so that an old cost can be told from a new one', () => {
    const versions = [
      createPriceBook(),
      createPriceBook({ own: [own()] }),
      createPriceBook({ own: [own({ from: '2026-01-01' })] }),
    ].map(({ version }) => version);
    expect(new Set(versions).size).toBe(3);
    expect(createPriceBook({ own: [own()] }).version).toBe(versions[1]);
  });
});

describe('costs', () => {
  const models = ['claude-sonnet-4-5', 'gpt-5.5', 'gemini-2.5-pro', 'grok-3-mini', 'claude-opus-4-5', 'deepseek-chat'];
  const usages = fc
    .record({
      uncached: fc.nat(300_000),
      cacheRead: fc.nat(300_000),
      cacheWrite5m: fc.nat(9000),
      cacheWrite1h: fc.nat(9000),
      answer: fc.nat(50_000),
      reasoning: fc.nat(50_000),
    })
    .map(
      ({ uncached, answer, ...rest }): TokenUsage => ({
        ...rest,
        input: uncached + rest.cacheRead + rest.cacheWrite5m + rest.cacheWrite1h,
        output: answer + rest.reasoning,
      }),
    );
  const anyCall = fc.record({ usage: usages, model: fc.constantFrom(...models) }).map((changes) => call(changes));
  const usd = (one: PricedCall): number => book.price(one).totalUsd ?? Number.NaN;
  const plus = (a: TokenUsage, b: TokenUsage): TokenUsage => ({
    input: a.input + b.input,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite5m: a.cacheWrite5m + b.cacheWrite5m,
    cacheWrite1h: a.cacheWrite1h + b.cacheWrite1h,
    output: a.output + b.output,
    reasoning: a.reasoning + b.reasoning,
  });

  it('are the sum of the parts shown, to the picodollar', () => {
    fc.assert(
      fc.property(anyCall, (one) => {
        const cost = book.price(one);
        if (cost.status === 'nothing') return true;
        return (
          sumUsd(cost.parts.map((part) => part.usd)) === cost.totalUsd &&
          toUsd(toPicodollars(cost.totalUsd ?? -1)) === cost.totalUsd
        );
      }),
    );
  });

  it('of calls add up to the cost of their tokens, where the model has no tier', () => {
    const flat = (usage: TokenUsage) => call({ usage, model: 'claude-opus-4-5' });
    fc.assert(
      fc.property(fc.array(usages, { minLength: 1, maxLength: 20 }), (all) => {
        return sumUsd(all.map((usage) => usd(flat(usage)))) === usd(flat(all.reduce(plus)));
      }),
    );
  });

  it('of a model with tiers are those of each call: the sum of two small calls is not the large one', () => {
    const half = { ...none, input: 150_000 };
    expect(sumUsd([usd(call({ usage: half })), usd(call({ usage: half }))])).toBe(0.9);
    expect(usd(call({ usage: plus(half, half) }))).toBe(1.8);
  });

  it('do not depend on the order in which calls are priced, nor on the calls before', () => {
    fc.assert(
      fc.property(fc.array(anyCall, { maxLength: 20 }), (calls) => {
        const there = calls.map(usd);
        const back = calls.toReversed().map(usd).toReversed();
        const alone = calls.map((one) => createPriceBook().price(one).totalUsd);
        return (
          there.every((one, index) => one === back[index] && one === alone[index]) &&
          sumUsd(there) === sumUsd(there.toReversed())
        );
      }),
      { numRuns: 30 },
    );
  });

  it('never fall when more tokens come in or out', () => {
    fc.assert(
      fc.property(anyCall, usages, (one, more) => usd({ ...one, usage: plus(one.usage ?? none, more) }) >= usd(one)),
    );
  });
});
