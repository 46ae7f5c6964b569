import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAttempts } from './attempts.ts';
import { rawUsageOf, rawUsageOfStream } from './raw-usage.ts';
import { readUsage, readUsageOrWhy } from './read-usage.ts';

const none = { input: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0, reasoning: 0 };

describe('usage', () => {
  it.each<[string, object, object]>([
    [
      'Anthropic: the cache is beside the input, by how long it is kept',
      {
        input_tokens: 5,
        cache_read_input_tokens: 100,
        cache_creation_input_tokens: 30,
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
        output_tokens: 7,
      },
      { input: 135, cacheRead: 100, cacheWrite5m: 10, cacheWrite1h: 20, output: 7 },
    ],
    [
      'Anthropic: what was written for a time that is not named counts as five minutes',
      {
        input_tokens: 5,
        cache_creation_input_tokens: 30,
        cache_creation: { ephemeral_1h_input_tokens: 20 },
        output_tokens: 7,
      },
      { input: 35, cacheWrite5m: 10, cacheWrite1h: 20, output: 7 },
    ],
    [
      'Codex: cache inside the input, reasoning inside the output',
      {
        input_tokens: 18703,
        cached_input_tokens: 500,
        output_tokens: 167,
        reasoning_output_tokens: 62,
        total_tokens: 18870,
      },
      { input: 18703, cacheRead: 500, output: 167, reasoning: 62 },
    ],
    [
      "Perplexity's Responses: what was written is told in Anthropic's word",
      {
        input_tokens: 100,
        input_tokens_details: { cache_creation_input_tokens: 30, cache_read_input_tokens: 60, cached_tokens: 60 },
        output_tokens: 1,
        total_tokens: 101,
      },
      { input: 100, cacheRead: 60, cacheWrite5m: 30, output: 1 },
    ],
    [
      'OpenAI Responses: what was written to the cache is inside the input',
      { input_tokens: 100, input_tokens_details: { cached_tokens: 40, cache_write_tokens: 30 }, output_tokens: 1 },
      { input: 100, cacheRead: 40, cacheWrite5m: 30, output: 1 },
    ],
    [
      'CrewAI of Claude: what was read from the cache is beside',
      { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, cached_prompt_tokens: 1000 },
      { input: 1010, cacheRead: 1000, output: 5 },
    ],
    [
      'OpenAI realtime: details in the singular',
      {
        total_tokens: 253,
        input_tokens: 132,
        output_tokens: 121,
        input_token_details: { text_tokens: 119, audio_tokens: 13, cached_tokens: 64 },
        output_token_details: { text_tokens: 30, audio_tokens: 91 },
      },
      { input: 132, cacheRead: 64, output: 121 },
    ],
    [
      'LangChain: the cache inside the input, whoever the provider is',
      {
        input_tokens: 350,
        output_tokens: 240,
        total_tokens: 590,
        input_token_details: { audio: 10, cache_creation: 200, cache_read: 100 },
        output_token_details: { reasoning: 200 },
      },
      { input: 350, cacheRead: 100, cacheWrite5m: 200, output: 240, reasoning: 200 },
    ],
    [
      'LangChain: what was written for an hour, in the place of what was written',
      {
        input_tokens: 350,
        output_tokens: 5,
        input_token_details: { cache_creation: 0, ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 100 },
      },
      { input: 350, cacheWrite5m: 20, cacheWrite1h: 100, output: 5 },
    ],
    [
      'Vercel AI SDK 5: the cache inside the input',
      { inputTokens: 100, outputTokens: 20, totalTokens: 120, reasoningTokens: 8, cachedInputTokens: 60 },
      { input: 100, cacheRead: 60, output: 20, reasoning: 8 },
    ],
    [
      'Vercel AI SDK 5: more cache than input has to be beside it',
      { inputTokens: 10, outputTokens: 20, totalTokens: 30, cachedInputTokens: 600 },
      { input: 610, cacheRead: 600, output: 20 },
    ],
    [
      'Vercel AI SDK 6: everything inside, with its parts',
      {
        inputTokens: 100,
        inputTokenDetails: { noCacheTokens: 10, cacheReadTokens: 60, cacheWriteTokens: 30 },
        outputTokens: 20,
        outputTokenDetails: { textTokens: 12, reasoningTokens: 8 },
        totalTokens: 120,
      },
      { input: 100, cacheRead: 60, cacheWrite5m: 30, output: 20, reasoning: 8 },
    ],
    [
      'LiteLLM: the cache of Anthropic inside the prompt',
      {
        prompt_tokens: 100,
        completion_tokens: 3,
        cache_read_input_tokens: 60,
        cache_creation_input_tokens: 20,
        prompt_tokens_details: { cached_tokens: 60 },
      },
      { input: 100, cacheRead: 60, cacheWrite5m: 20, output: 3 },
    ],
    [
      'LiteLLM of 2025: what Claude read inside the prompt, what it wrote beside',
      {
        prompt_tokens: 5004,
        completion_tokens: 120,
        total_tokens: 5124,
        prompt_tokens_details: { cached_tokens: 5000 },
        cache_creation_input_tokens: 800,
        cache_read_input_tokens: 5000,
      },
      { input: 5804, cacheRead: 5000, cacheWrite5m: 800, output: 120 },
    ],
    [
      'the first LiteLLM that knew of the cache: all of it beside the prompt',
      { prompt_tokens: 4, completion_tokens: 9, cache_creation_input_tokens: 80, cache_read_input_tokens: 500 },
      { input: 584, cacheRead: 500, cacheWrite5m: 80, output: 9 },
    ],
    [
      'LiteLLM since: everything inside, with the time that it is kept',
      {
        prompt_tokens: 5804,
        completion_tokens: 3,
        prompt_tokens_details: {
          cached_tokens: 5000,
          cache_creation_tokens: 800,
          cache_creation_token_details: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 700 },
        },
        cache_creation_input_tokens: 800,
        cache_read_input_tokens: 5000,
      },
      { input: 5804, cacheRead: 5000, cacheWrite5m: 100, cacheWrite1h: 700, output: 3 },
    ],
    [
      'OpenHands, which keeps what LiteLLM told',
      { prompt_tokens: 5004, completion_tokens: 120, cache_read_tokens: 5000, cache_write_tokens: 800 },
      { input: 5804, cacheRead: 5000, cacheWrite5m: 800, output: 120 },
    ],
    [
      'Groq: times beside the tokens',
      {
        queue_time: 0.05,
        prompt_tokens: 18,
        prompt_time: 0.0006,
        completion_tokens: 556,
        completion_time: 0.46,
        total_tokens: 574,
        total_time: 0.46,
      },
      { input: 18, output: 556 },
    ],
    [
      'Perplexity research: more reasoning than answer stands beside it, whatever the total says',
      {
        prompt_tokens: 33,
        completion_tokens: 7163,
        total_tokens: 7196,
        citation_tokens: 20016,
        num_search_queries: 18,
        reasoning_tokens: 73997,
      },
      { input: 33, output: 7163 + 73997, reasoning: 73997 },
    ],
    ['an embedding has no output', { prompt_tokens: 8, total_tokens: 8 }, { input: 8 }],
    [
      'Bedrock: cache beside the input, an hour apart',
      {
        inputTokens: 4,
        outputTokens: 9,
        cacheReadInputTokens: 100,
        cacheWriteInputTokens: 50,
        cacheDetails: [
          { ttl: '1h', inputTokens: 30 },
          { ttl: '5m', inputTokens: 20 },
        ],
      },
      { input: 154, cacheRead: 100, cacheWrite5m: 20, cacheWrite1h: 30, output: 9 },
    ],
    [
      'Bedrock: an hour in the words of its other interfaces',
      { inputTokens: 4, outputTokens: 9, cacheWriteInputTokens: 50, cacheDetails: [{ ttl: 'T1H', inputTokens: 50 }] },
      { input: 54, cacheWrite1h: 50, output: 9 },
    ],
    [
      'Bedrock: details that are none',
      { inputTokens: 4, outputTokens: 9, cacheWriteInputTokens: 50, cacheDetails: [null, { ttl: { toString: 1 } }] },
      { input: 54, cacheWrite5m: 50, output: 9 },
    ],
    ['Bedrock embeddings', { inputTextTokenCount: 12 }, { input: 12 }],
    [
      'Gemini: thoughts beside the answer, results of its tools beside the prompt',
      {
        promptTokenCount: 10,
        cachedContentTokenCount: 6,
        toolUsePromptTokenCount: 5,
        candidatesTokenCount: 3,
        thoughtsTokenCount: 2,
        totalTokenCount: 20,
      },
      { input: 15, cacheRead: 6, output: 5, reasoning: 2 },
    ],
    [
      "another maker's model in Google's words: thoughts inside the answer, as the total says",
      { promptTokenCount: 10, candidatesTokenCount: 30, thoughtsTokenCount: 20, totalTokenCount: 40 },
      { input: 10, output: 30, reasoning: 20 },
    ],
    [
      "Alibaba's own interface: the cache among details of the prompt",
      {
        input_tokens: 100,
        output_tokens: 30,
        total_tokens: 130,
        prompt_tokens_details: { cached_tokens: 64 },
        output_tokens_details: { reasoning_tokens: 20 },
      },
      { input: 100, cacheRead: 64, output: 30, reasoning: 20 },
    ],
    [
      'Gemini CLI',
      { input: 7973, output: 40, cached: 5675, thoughts: 131, tool: 0, total: 8144 },
      { input: 7973, cacheRead: 5675, output: 171, reasoning: 131 },
    ],
    [
      'pi',
      { input: 2, output: 9, cacheRead: 100, cacheWrite: 30, cost: { total: 1 } },
      { input: 132, cacheRead: 100, cacheWrite5m: 30, output: 9 },
    ],
    [
      'pi: what is kept for an hour is a part of what was written',
      { input: 10, output: 5, cacheRead: 100, cacheWrite: 1000, cacheWrite1h: 900, totalTokens: 1115 },
      { input: 1110, cacheRead: 100, cacheWrite5m: 100, cacheWrite1h: 900, output: 5 },
    ],
    ['Ollama', { prompt_eval_count: 26, eval_count: 298, eval_duration: 4_709_213_000 }, { input: 26, output: 298 }],
    [
      'null is as good as not there',
      {
        prompt_tokens: 8,
        completion_tokens: 2,
        prompt_tokens_details: null,
        completion_tokens_details: { reasoning_tokens: null },
      },
      { input: 8, output: 2 },
    ],
  ])('of %s', (_title, raw, expected) => {
    expect(readUsage(null, raw)).toEqual({ ...none, ...expected });
  });

  it('of xAI has reasoning beside the output where no total tells it', () => {
    const raw = { prompt_tokens: 12, completion_tokens: 300, completion_tokens_details: { reasoning_tokens: 228 } };
    expect(readUsage('x_ai', raw)?.output).toBe(528);
    expect(readUsage('openai', raw)?.output).toBe(300);
  });

  it.each([
    ['a negative number', { input_tokens: -1, output_tokens: 5 }, 'input_tokens is -1'],
    ['a fraction', { input_tokens: 1.5, output_tokens: 5 }, 'input_tokens is 1.5'],
    ['text', { input_tokens: 10, output_tokens: '5' }, 'output_tokens is string'],
    ['no number', { prompt_tokens: Number.NaN, completion_tokens: 1 }, 'prompt_tokens is NaN'],
    ['infinity', { prompt_tokens: 1, completion_tokens: Number.POSITIVE_INFINITY }, 'completion_tokens is Infinity'],
    ['a huge number', { promptTokenCount: 1e300, candidatesTokenCount: 1 }, 'promptTokenCount is 1e+300'],
    ['more tokens than any call has', { inputTokens: 1_000_000_001, outputTokens: 1 }, 'no call has more'],
    [
      'more tokens together than any call has',
      { input_tokens: 1_000_000_000, output_tokens: 1, cache_read_input_tokens: 1_000_000_000 },
      'no call has more',
    ],
    [
      'a list',
      { input_tokens: 10, output_tokens: 1, input_tokens_details: { cached_tokens: [3] } },
      'input_tokens_details.cached_tokens is object',
    ],
    [
      'a wrong number deep inside',
      { input_tokens: 1, output_tokens: 1, cache_creation: { ephemeral_1h_input_tokens: -9 } },
      'ephemeral_1h_input_tokens is -9',
    ],
    [
      'a cache larger than the input around it',
      { prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 11 } },
      '11 tokens of the cache cannot be part of 10',
    ],
    [
      'more cache kept for an hour than was written',
      { input: 1, output: 1, cacheRead: 0, cacheWrite: 5, cacheWrite1h: 6 },
      '6 tokens of cacheWrite1h cannot be part of 5',
    ],
    [
      'reasoning larger than the output around it',
      { input_tokens: 1, output_tokens: 1, output_tokens_details: { reasoning_tokens: 2 } },
      '2 of reasoning cannot be part of 1',
    ],
  ])('with %s is refused as a whole, with the reason', (_title, raw, reason) => {
    const reading = readUsageOrWhy(null, raw);
    expect(reading).toMatchObject({ status: 'refused', usage: null });
    expect(reading.status === 'refused' && reading.reason).toContain(reason);
  });

  it.each([null, undefined, 'usage', 3, [], {}, { tokens_used: 5 }])('is absent in %j', (raw) => {
    expect(readUsageOrWhy(null, raw)).toMatchObject({ status: 'absent', usage: null });
  });

  it('is whole numbers whose parts lie inside the whole, or null, whatever is read', () => {
    const hostile = fc.oneof(fc.integer(), fc.double(), fc.string(), fc.constant(null), fc.nat(100));
    const names = [
      'input_tokens',
      'output_tokens',
      'cache_read_input_tokens',
      'cache_creation_input_tokens',
      'prompt_tokens',
      'completion_tokens',
      'reasoning_tokens',
      'inputTokens',
      'cached_tokens',
      'promptTokenCount',
      'thoughtsTokenCount',
      'input',
      'output',
      'cacheRead',
      'thoughts',
      '__proto__',
    ];
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names), hostile),
        fc.constantFrom(null, 'x_ai', 'anthropic'),
        (raw, provider) => {
          const usage = readUsage(provider, raw);
          if (!usage) return true;
          const { input, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning } = usage;
          return (
            Object.values(usage).every((tokens) => Number.isSafeInteger(tokens) && tokens >= 0) &&
            cacheRead + cacheWrite5m + cacheWrite1h <= input &&
            reasoning <= output
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('usage in a stream', () => {
  it('is the last count of each number, never their sum', () => {
    const chunks = [
      {
        type: 'message_start',
        message: {
          usage: {
            input_tokens: 5,
            cache_creation_input_tokens: 30,
            cache_read_input_tokens: 7,
            cache_creation: { ephemeral_1h_input_tokens: 30 },
            output_tokens: 1,
          },
        },
      },
      { type: 'content_block_delta', delta: { text: 'usage' } },
      {
        type: 'message_delta',
        usage: { input_tokens: 9, cache_creation_input_tokens: 40, cache_read_input_tokens: null, output_tokens: 80 },
      },
    ];
    expect(readUsage('anthropic', rawUsageOfStream(chunks))).toEqual({
      ...none,
      input: 56,
      cacheRead: 7,
      cacheWrite5m: 10,
      cacheWrite1h: 30,
      output: 80,
    });
  });

  it('is found where OpenAI, Groq, Cohere and Bedrock put it', () => {
    expect(
      rawUsageOfStream([
        { choices: [{}], usage: null },
        { choices: [], usage: { prompt_tokens: 3 } },
      ]),
    ).toEqual({ prompt_tokens: 3 });
    expect(rawUsageOf({ x_groq: { usage: { prompt_tokens: 3 } } })).toEqual({ prompt_tokens: 3 });
    expect(rawUsageOf({ type: 'message-end', delta: { usage: { tokens: {} } } })).toEqual({ tokens: {} });
    expect(rawUsageOf({ metadata: { usage: { inputTokens: 3 } } })).toEqual({ inputTokens: 3 });
    expect(rawUsageOf({ meta: { billed_units: { input_tokens: 3 } } })).toEqual({ billed_units: { input_tokens: 3 } });
    expect(rawUsageOfStream([{}, 'text', null])).toBeNull();
  });
});

describe('attempts besides the answer', () => {
  const iteration = (type: string, input: number, output: number, model?: string) => ({
    type,
    input_tokens: input,
    output_tokens: output,
    ...(model && { model }),
  });

  it('are none where the numbers above already count them all', () => {
    const raw = {
      input_tokens: 30,
      output_tokens: 3,
      iterations: [iteration('message', 10, 1), iteration('message', 20, 2)],
    };
    expect(readAttempts('anthropic', raw, 'm')).toEqual({ model: 'm', besides: [] });
  });

  it('are none where the list does not add up: what the provider says of the call stands alone', () => {
    const raw = {
      input_tokens: 31,
      output_tokens: 3,
      iterations: [iteration('message', 10, 1), iteration('compaction', 20, 2)],
    };
    expect(readAttempts('anthropic', raw, 'm')).toEqual({ model: 'm', besides: [] });
  });

  it('are told from messages whose model the list spells otherwise than the answer', () => {
    const raw = {
      input_tokens: 30,
      output_tokens: 3,
      iterations: [
        iteration('message', 10, 1, 'm-20260101'),
        iteration('advisor_message', 500, 40, 'adviser'),
        iteration('message', 20, 2, 'm-20260101'),
      ],
    };
    expect(readAttempts('anthropic', raw, 'm')).toEqual({
      model: 'm',
      besides: [{ model: 'adviser', usage: expect.objectContaining({ input: 500, output: 40 }) }],
    });
  });

  it('are told where the numbers above say of the first message only how long its cache is kept', () => {
    const kept = (short: number, long: number) => ({
      cache_creation_input_tokens: short + long,
      cache_creation: { ephemeral_5m_input_tokens: short, ephemeral_1h_input_tokens: long },
    });
    const raw = {
      input_tokens: 30,
      output_tokens: 3,
      ...kept(0, 7),
      cache_creation_input_tokens: 12,
      iterations: [
        { ...iteration('message', 10, 1), ...kept(0, 7) },
        iteration('advisor_message', 500, 40, 'adviser'),
        { ...iteration('message', 20, 2), ...kept(0, 5) },
      ],
    };
    expect(readAttempts('anthropic', raw, 'm').besides).toMatchObject([{ model: 'adviser', usage: { input: 500 } }]);
  });

  it("are an adviser's also where the numbers above tell of the first message's input only", () => {
    const raw = {
      input_tokens: 10,
      output_tokens: 3,
      iterations: [
        iteration('message', 10, 1),
        iteration('advisor_message', 500, 40, 'adviser'),
        iteration('message', 90, 2),
      ],
    };
    expect(readAttempts('anthropic', raw, 'm')).toMatchObject({
      model: 'm',
      besides: [{ model: 'adviser', usage: { input: 500, output: 40 } }],
    });
  });

  it.each([
    { iterations: 'many' },
    { iterations: [{ input_tokens: -1, output_tokens: 1 }] },
    { iterations: Array(5000).fill({}) },
  ])('are none in a list that cannot be (%#)', (wrong) => {
    expect(readAttempts('anthropic', { input_tokens: 1, output_tokens: 1, ...wrong }, 'm').besides).toEqual([]);
  });
});
