import type { Attributes, SessionSpan, SpanSignal } from '@tracepost/contracts';
import { fieldsOf } from '../building/values.ts';
import { parsed, textAt } from './attributes.ts';
import { toldByFramework } from './framework-words.ts';

export type SpanKind = SessionSpan['kind'];

/** What a span is in a session, whichever dialect it speaks; null: nothing, it is of some other work. */
export function spanKind(span: Pick<SpanSignal, 'name' | 'attributes'>): SpanKind | null {
  if (!isAboutAgents(span)) return null;
  const { name, attributes } = span;
  // A copy that tells of a span which has only begun; the span itself follows.
  if (attributes['logfire.span_type'] === 'pending_span' || isBeginOrEnd(attributes)) return null;
  if (isToldElsewhere(attributes)) return 'other';
  const told = toldByFramework(span);
  if (told !== null) return kindOfWord(told.operation) ?? 'other';
  return kindByWord(attributes) ?? kindByName(name, attributes) ?? 'other';
}

/** BeeAI makes a span of each event: of a call of a model, or of a tool, its beginning, what came of it, and its end. */
function isBeginOrEnd({ target, traceId, 'openinference.span.kind': kind }: Attributes): boolean {
  if (typeof target !== 'string' || typeof traceId !== 'string') return false;
  if (kind === 'LLM') return !/\.(success|error)$/.test(target);
  return kind === 'TOOL' && !/\.tool(Success|Error)$/.test(target);
}

/** Google's ADK sums up runs of tools that have spans of their own; Logfire tells a stream's answer in a span that comes after. */
function isToldElsewhere(attributes: Attributes): boolean {
  if (attributes['gen_ai.tool.name'] === '(merged tools)') return true;
  const { request_data: request, response_data: answer } = attributes;
  if (typeof request !== 'string' || answer !== undefined || attributes['logfire.span_type'] === 'log') return false;
  const isFailed = Number(attributes['logfire.level_num'] ?? 0) >= LOGFIRE_ERROR;
  return !isFailed && fieldsOf(parsed(request)).stream === true;
}

const LOGFIRE_ERROR = 17;

/** Where the words of each dialect stand; one span may speak several. */
const KIND_ATTRIBUTES = [
  // Before LangSmith's own `gen_ai.operation.name`, which calls the making of a prompt `chat`, too.
  'langsmith.span.kind',
  'gen_ai.operation.name',
  'gen_ai.operation_name',
  'openinference.span.kind',
  'ai.operationId',
  'langfuse.observation.type',
  'traceloop.span.kind',
  'mlflow.spanType',
  'ag2.span.type',
  'span.type',
  'sentry.op',
] as const;

function kindByWord(attributes: Attributes): SpanKind | null {
  for (const name of KIND_ATTRIBUTES) {
    const word = textAt(attributes, name)?.replaceAll('"', '').toLowerCase();
    const kind = word === undefined ? undefined : kindOfWord(word);
    if (kind) return kind;
    if (name === 'langsmith.span.kind' && /^(prompt|retriever|parser)$/.test(word ?? '')) return 'other';
  }
  return null;
}

const MODEL_WORDS = new Set(
  [
    'chat text_completion completion completions generate_content generate embeddings embedding responses llm chat_model',
    'generation llm_request call_llm chat.completions chat.streaming_completions text.completions',
    'text.streaming_completions acompletion atext_completion aembedding aresponses anthropic_messages',
    'gen_ai.chat gen_ai.embeddings gen_ai.generate_content gen_ai.text_completion',
  ].flatMap((words) => words.split(' ')),
);
const TOOL_WORDS = new Set(['execute_tool', 'tool', 'ai.toolcall', 'function', 'gen_ai.execute_tool']);
const AGENT_WORDS = new Set(['invoke_agent', 'agent', 'gen_ai.invoke_agent']);

const WRAPPER_WORDS = new Set(['create_agent', 'invoke_workflow', 'framework', 'vectordb']);

function kindOfWord(word: string): SpanKind | undefined {
  if (MODEL_WORDS.has(word) || /^ai\..+\.do(generate|stream|embed)$/.test(word)) return 'model';
  if (TOOL_WORDS.has(word)) return 'tool';
  if (AGENT_WORDS.has(word)) return 'agent';
  // A wrapper by its own word: what else it carries does not make it a call.
  if (/^ai\.(generate|stream|embed)/.test(word) || WRAPPER_WORDS.has(word)) return 'other';
  return undefined;
}

/** Of instrumentations that give no word: by the attributes that only one kind has. */
function kindByName(name: string, attributes: Attributes): SpanKind | null {
  if (textAt(attributes, 'gen_ai.tool.name', 'tool.name', 'ai.toolCall.name')) return 'tool';
  if (isToolMessage(attributes['langfuse.observation.output'])) return 'tool';
  if (textAt(attributes, 'agent_name', 'agent.name', 'gen_ai.agent.name')) return 'agent';
  if (
    /^(chain|retriever|reranker|guardrail|evaluator|prompt)$/i.test(textAt(attributes, 'openinference.span.kind') ?? '')
  )
    return null;
  const model = textAt(
    attributes,
    'gen_ai.request.model',
    'gen_ai.response.model',
    'llm.model_name',
    'llm.request.model',
    'llm.request.model_name',
  );
  if (model !== null && !/agent|workflow|chain/i.test(name)) return 'model';
  return textAt(attributes, 'llm.request.type') === null ? null : 'model';
}

/** LangChain's runs of tools are known only by what they give back. */
function isToolMessage(output: unknown): boolean {
  if (typeof output === 'string' && !output.includes('tool_call_id')) return false;
  const value = parsed(output);
  if (typeof value !== 'object' || value === null) return false;
  const kwargs = 'kwargs' in value ? value.kwargs : value;
  return typeof kwargs === 'object' && kwargs !== null && 'tool_call_id' in kwargs && 'content' in kwargs;
}

/** Cheap enough to be asked of every span: does any attribute speak of models, tools or agents? */
export function isAboutAgents({ attributes }: Pick<SpanSignal, 'attributes'>): boolean {
  for (const name in attributes) if (isAgentName(name)) return true;
  return false;
}

const OF_L = ['llm.', 'langfuse.observation.', 'langsmith.span.', 'lmnr.span.', 'lk.function_tool.'] as const;

/** The first letter decides for most names. */
function isAgentName(name: string): boolean {
  switch (name.charCodeAt(0)) {
    case 0x61: // a
      return name.startsWith('ai.') || name.startsWith('agent_name') || name === 'ag2.span.type';
    case 0x67: // g
      return name.startsWith('gen_ai.') || name.startsWith('genkit:');
    case 0x68: // h
      return name.startsWith('haystack.');
    case 0x6c: // l
      return OF_L.some((begin) => name.startsWith(begin));
    case 0x6d: // m
      return name.startsWith('mlflow.spanType');
    case 0x6f: // o
      return name.startsWith('openinference.');
    case 0x73: // s
      return name === 'span.type';
    case 0x74: // t
      return name === 'tool.name' || name.startsWith('traceloop.');
    default:
      return false;
  }
}
