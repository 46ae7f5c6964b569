import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import type { Usage } from '@tracepost/contracts';
import { ATTR, GEN_AI, type Telemetry } from '@tracepost/telemetry';

/** One call of a model, as its provider told of it. */
export interface ModelCall {
  /** `openai`, `anthropic`, `aws.bedrock`, …: the words of `gen_ai.provider.name`. */
  readonly provider: string;
  /** The model that was asked for. */
  readonly model: string;
  /** The one that answered, when it says so. */
  readonly responseModel?: string;
  /** `chat` when not given; `embeddings`, `text_completion`, `generate_content`. */
  readonly operation?: string;
  readonly durationMs: number;
  /** All input, what was read from a cache too; the provider's own count. */
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly cacheReadTokens?: number;
  /** US dollars; without it the call counts as unpriced. */
  readonly costUsd?: number;
  /** Why it failed, in a word or two (`rate_limit`, `timeout`); absent when it did not. */
  readonly errorType?: string;
}

export interface ModelCallOptions {
  readonly telemetry: Telemetry;
  /** Stand on the span: whose task the call is of. */
  readonly ids: Readonly<Record<string, string>>;
  readonly usage: Usage;
  readonly addCost: (usd: number) => void;
}

/**
 * Notes a call of a model: a `chat` span that ends now, duration and tokens as metrics, usage in the record of the task. Throws a
 * `TypeError` when the call makes no sense: it is what a task has cost.
 */
export function createModelCallRecorder({ telemetry, ids, usage, addCost }: ModelCallOptions) {
  const { tracer, metrics } = telemetry;

  return function recordModelCall(call: ModelCall): void {
    const fault = faultOf(call);
    if (fault !== null) throw new TypeError(fault);
    const { provider, model, responseModel, operation = 'chat', durationMs, errorType } = call;
    const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0 } = call;

    usage.modelCalls += 1;
    usage.inputTokens += inputTokens;
    usage.outputTokens += outputTokens;
    usage.cacheReadTokens += cacheReadTokens;
    if (call.costUsd === undefined) usage.unpricedCalls += 1;
    else addCost(call.costUsd);

    const attributes = {
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': provider,
      'gen_ai.request.model': model,
      ...(responseModel === undefined ? {} : { 'gen_ai.response.model': responseModel }),
    };
    metrics.record('gen_ai.client.operation.duration', durationMs / 1000, {
      ...attributes,
      ...(errorType === undefined ? {} : { 'error.type': errorType }),
    });
    const tokens = { input: call.inputTokens, output: call.outputTokens };
    for (const [type, count] of Object.entries(tokens)) {
      if (count !== undefined)
        metrics.record('gen_ai.client.token.usage', count, { ...attributes, 'gen_ai.token.type': type });
    }

    const endedMs = Date.now();
    const span = tracer.startSpan(`${operation} ${model}`, {
      kind: SpanKind.CLIENT,
      startTime: endedMs - durationMs,
      attributes: {
        ...ids,
        ...attributes,
        ...(call.inputTokens === undefined ? {} : { [GEN_AI.inputTokens]: inputTokens }),
        ...(call.outputTokens === undefined ? {} : { [GEN_AI.outputTokens]: outputTokens }),
        ...(call.cacheReadTokens === undefined ? {} : { [GEN_AI.cacheReadTokens]: cacheReadTokens }),
        ...(call.costUsd === undefined ? {} : { [ATTR.costUsd]: call.costUsd }),
        ...(errorType === undefined ? {} : { [ATTR.errorType]: errorType }),
      },
    });
    if (errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(endedMs);
  };
}

const WORD = /^[\x21-\x7e][\x20-\x7e]{0,127}$/;

function faultOf(call: ModelCall): string | null {
  for (const key of ['provider', 'model', 'responseModel', 'operation', 'errorType'] as const) {
    const word = call[key];
    const isMissing = word === undefined && key !== 'provider' && key !== 'model';
    if (!isMissing && (typeof word !== 'string' || !WORD.test(word)))
      return `${key} of a model call is 1 to 128 printable characters, not ${String(word)}`;
  }
  if (!Number.isFinite(call.durationMs) || call.durationMs < 0)
    return `durationMs of a model call is a number from 0, not ${call.durationMs}`;
  for (const key of ['inputTokens', 'outputTokens', 'cacheReadTokens'] as const) {
    const count = call[key];
    if (count !== undefined && (!Number.isSafeInteger(count) || count < 0))
      return `${key} of a model call is a whole number from 0, not ${count}`;
  }
  const { costUsd } = call;
  if (costUsd !== undefined && (!Number.isFinite(costUsd) || costUsd < 0))
    return `costUsd of a model call is a number of US dollars from 0, not ${costUsd}`;
  return null;
}
