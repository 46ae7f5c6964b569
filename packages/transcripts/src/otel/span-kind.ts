import type { Attributes, SessionSpan, SpanSignal } from '@tracepost/contracts';
import { parsed, textAt } from './attributes.ts';

export type SpanKind = SessionSpan['kind'];

/** What a span is in a session, whichever dialect it speaks; null: nothing, it is of some other work. */
export function spanKind({ name, attributes }: Pick<SpanSignal, 'name' | 'attributes'>): SpanKind | null {
  if (!isAboutAgents({ attributes })) return null;
  // A copy that tells of a span which has only begun; the span itself follows.
  if (attributes['logfire.span_type'] === 'pending_span') return null;
  return kindByWord(attributes) ?? kindByName(name, attributes) ?? 'other';
}

/** Where the words of each dialect stand; one span may speak several. */
const KIND_ATTRIBUTES = [
  'gen_ai.operation.name',
  'gen_ai.operation_name',
  'openinference.span.kind',
  'ai.operationId',
  'langfuse.observation.type',
  'langsmith.span.kind',
  'traceloop.span.kind',
  'mlflow.spanType',
  'span.type',
  'sentry.op',
] as const;

function kindByWord(attributes: Attributes): SpanKind | null {
  for (const name of KIND_ATTRIBUTES) {
    const word = textAt(attributes, name)?.replaceAll('"', '').toLowerCase();
    const kind = word === undefined ? undefined : kindOfWord(word);
    if (kind) return kind;
  }
  return null;
}

const MODEL_WORDS = new Set(
  'chat text_completion completion completions generate_content generate embeddings embedding responses llm chat_model generation llm_request'.split(
    ' ',
  ),
);
const TOOL_WORDS = new Set(['execute_tool', 'tool', 'ai.toolcall', 'function', 'gen_ai.execute_tool']);
const AGENT_WORDS = new Set(['invoke_agent', 'agent', 'gen_ai.invoke_agent']);

function kindOfWord(word: string): SpanKind | undefined {
  if (MODEL_WORDS.has(word) || /^ai\..+\.do(generate|stream|embed)$/.test(word)) return 'model';
  if (TOOL_WORDS.has(word)) return 'tool';
  if (AGENT_WORDS.has(word)) return 'agent';
  // A wrapper by its own word: what else it carries does not make it a call.
  if (/^ai\.(generate|stream|embed)/.test(word) || word === 'create_agent' || word === 'invoke_workflow')
    return 'other';
  return undefined;
}

/** Of instrumentations that give no word: by the attributes that only one kind has. */
function kindByName(name: string, attributes: Attributes): SpanKind | null {
  if (textAt(attributes, 'gen_ai.tool.name', 'tool.name', 'ai.toolCall.name')) return 'tool';
  if (isToolMessage(attributes['langfuse.observation.output'])) return 'tool';
  if (textAt(attributes, 'agent_name', 'agent.name', 'gen_ai.agent.name')) return 'agent';
  const model = textAt(
    attributes,
    'gen_ai.request.model',
    'gen_ai.response.model',
    'llm.model_name',
    'llm.request.model',
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

/** The first letter decides for most names. */
function isAgentName(name: string): boolean {
  switch (name.charCodeAt(0)) {
    case 0x61: // a
      return name.startsWith('ai.') || name.startsWith('agent_name');
    case 0x67: // g
      return name.startsWith('gen_ai.');
    case 0x6c: // l
      return name.startsWith('llm.') || name.startsWith('langfuse.observation.') || name.startsWith('langsmith.span.');
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
