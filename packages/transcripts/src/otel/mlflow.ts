import type { Attributes } from '@tracepost/contracts';
import { fieldsOf, textOf } from '../building/values.ts';
import { countOf, textAt, unquoted, valueAt } from './attributes.ts';
import { type SpanUsage, wholeUsage } from './whole-usage.ts';

/** Dialects that only one provider speaks. OpenAI's is everybody's. */
const SPOKEN_BY_ONE: ReadonlySet<string> = new Set(['anthropic', 'bedrock', 'gemini', 'groq', 'mistral']);
/** MLflow takes these libraries' counts as they are: with the cache beside the input. */
const CACHE_BESIDE: ReadonlySet<string> = new Set(['anthropic', 'bedrock']);

/** MLflow's own words for who answered; older versions tell only whose dialect was spoken. */
export function mlflowProvider(attributes: Attributes): string | null {
  const named = textAt(attributes, 'mlflow.llm.provider');
  if (named !== null) return unquoted(named);
  const format = formatOf(attributes);
  return SPOKEN_BY_ONE.has(format) ? format : null;
}

/** As the answer says, else as it was asked for: older versions write it nowhere else. */
export function mlflowModel(attributes: Attributes): string | null {
  return modelIn(valueAt(attributes, 'mlflow.spanOutputs')) ?? modelIn(valueAt(attributes, 'mlflow.spanInputs'));
}

export function ofMlflow(attributes: Attributes): SpanUsage | null {
  const raw = fieldsOf(valueAt(attributes, 'mlflow.chat.tokenUsage'));
  const input = countOf(raw.input_tokens) ?? countOf(raw.prompt_tokens);
  const output = countOf(raw.output_tokens) ?? countOf(raw.completion_tokens);
  if (input === null && output === null) return null;
  const cacheRead = countOf(raw.cache_read_input_tokens) ?? 0;
  const cacheWrite = countOf(raw.cache_creation_input_tokens) ?? 0;
  const isBeside = CACHE_BESIDE.has(formatOf(attributes));
  const usage = wholeUsage({
    input: (input ?? 0) + (isBeside ? cacheRead + cacheWrite : 0),
    output: output ?? 0,
    cacheRead,
    cacheWrite,
    reasoning: 0,
    total: isBeside ? null : countOf(raw.total_tokens),
    gemini: false,
  });
  return { usage, raw: JSON.stringify(raw) };
}

function formatOf(attributes: Attributes): string {
  return unquoted(textAt(attributes, 'mlflow.message.format') ?? '');
}

function modelIn(value: unknown): string | null {
  return textOf(fieldsOf(value).model);
}
