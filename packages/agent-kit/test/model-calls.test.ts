import type { Attributes, SpanOptions } from '@opentelemetry/api';
import { NO_USAGE } from '@tracepost/contracts';
import type { Telemetry } from '@tracepost/telemetry';
import { describe, expect, it } from 'vitest';
import { createModelCallRecorder, type ModelCall } from '../src/model-calls.ts';
import { agentOf, openWorkbench, telemetry } from './workbench.ts';

const CALL: ModelCall = {
  provider: 'openai',
  model: 'gpt-x',
  durationMs: 1_500,
  inputTokens: 900,
  outputTokens: 40,
  cacheReadTokens: 500,
  costUsd: 0.002,
};

describe('a call of a model', () => {
  it('stands in the record of its task', async () => {
    await using bench = await openWorkbench();
    await bench.host([
      agentOf(async ({ recordModelCall, addCost }) => {
        recordModelCall(CALL);
        recordModelCall({ provider: 'local', model: 'llama', durationMs: 5, outputTokens: 2 });
        addCost(0.001);
        return null;
      }),
    ]);
    await bench.publish({ what: 'x' });
    expect((await bench.ending()).usage).toEqual({
      ...NO_USAGE,
      modelCalls: 2,
      inputTokens: 900,
      outputTokens: 42,
      cacheReadTokens: 500,
      costUsd: 0.003,
      unpricedCalls: 1,
    });
  });

  it('is a CLIENT span of its duration and two metrics, with the words of the conventions', () => {
    const { record, spans, numbers } = given();
    record(CALL);
    const words = {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-x',
    };
    expect(spans).toMatchObject([
      {
        name: 'chat gpt-x',
        kind: 2,
        ms: 1_500,
        attributes: {
          ...words,
          'tracepost.task.id': 'task-1',
          'gen_ai.usage.input_tokens': 900,
          'gen_ai.usage.output_tokens': 40,
          'gen_ai.usage.cache_read.input_tokens': 500,
          'tracepost.cost_usd': 0.002,
        },
      },
    ]);
    expect(numbers).toEqual([
      ['gen_ai.client.operation.duration', 1.5, words],
      ['gen_ai.client.token.usage', 900, { ...words, 'gen_ai.token.type': 'input' }],
      ['gen_ai.client.token.usage', 40, { ...words, 'gen_ai.token.type': 'output' }],
    ]);
  });

  it('that failed says why, and counts no tokens that nobody named', () => {
    const { record, spans, numbers } = given();
    record({ provider: 'openai', model: 'gpt-x', durationMs: 10, errorType: 'rate_limit' });
    expect(spans).toMatchObject([{ attributes: { 'error.type': 'rate_limit' } }]);
    expect(numbers).toEqual([
      ['gen_ai.client.operation.duration', 0.01, expect.objectContaining({ 'error.type': 'rate_limit' })],
    ]);
  });

  it.each<[string, Partial<ModelCall>]>([
    ['provider', { provider: '' }],
    ['model', { model: 'x\ny' }],
    ['durationMs', { durationMs: -1 }],
    ['inputTokens', { inputTokens: 1.5 }],
    ['costUsd', { costUsd: Number.NaN }],
  ])('whose %s makes no sense is refused, and changes nothing', (word, part) => {
    const { record, usage, numbers } = given();
    expect(() => record({ ...CALL, ...part })).toThrow(word);
    expect(usage).toEqual(NO_USAGE);
    expect(numbers).toEqual([]);
  });
});

function given() {
  const spans: { name: string; kind?: unknown; attributes?: Attributes | undefined; ms: number }[] = [];
  const numbers: [string, number, Attributes][] = [];
  const usage = { ...NO_USAGE };
  const startSpan = (name: string, options: SpanOptions = {}) => {
    const seen = { name, kind: options.kind, attributes: options.attributes, ms: 0 };
    spans.push(seen);
    return Object.assign(Object.create(telemetry.tracer.startSpan(name)), {
      setStatus: () => {},
      end: (at: number) => {
        seen.ms = at - Number(options.startTime);
      },
    });
  };
  const listening: Telemetry = {
    ...telemetry,
    tracer: Object.assign(Object.create(telemetry.tracer), { startSpan }),
    metrics: {
      ...telemetry.metrics,
      record: (name, value, attributes = {}) => void numbers.push([name, value, attributes]),
    },
  };
  const record = createModelCallRecorder({
    telemetry: listening,
    ids: { 'tracepost.task.id': 'task-1' },
    usage,
    addCost: (usd) => {
      usage.costUsd += usd;
    },
  });
  return { record, spans, numbers, usage };
}
