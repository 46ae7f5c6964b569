import type { Attributes, SpanSignal } from '@tracepost/contracts';
import { fieldsOf, isFields, listOf, textOf } from '../building/values.ts';
import { textAt, valueAt } from './attributes.ts';

type Words = Record<string, string | number>;
type Fields = Readonly<Record<string, unknown>>;

interface Told {
  /** In the word of the conventions. */
  readonly operation: 'chat' | 'execute_tool' | 'invoke_agent';
  /** All else in theirs: asked for only where it is read. */
  words(): Words;
}

/** What a span of a framework with words of its own says; null: it has those of the conventions, or is of another. */
export function toldByFramework({ name, attributes }: Pick<SpanSignal, 'name' | 'attributes'>): Told | null {
  if (attributes[OPERATION] !== undefined) return null;
  return (
    ofHaystack(name, attributes) ??
    ofGenkit(attributes) ??
    ofLogfireAgents(attributes) ??
    ofLiveKit(attributes) ??
    ofLaminar(attributes)
  );
}

/** The attributes of a span, with what its framework says in words of its own in those of the conventions. */
export function inConventions(span: Pick<SpanSignal, 'name' | 'attributes'>): Attributes {
  const told = toldByFramework(span);
  return told === null ? span.attributes : { ...span.attributes, [OPERATION]: told.operation, ...told.words() };
}

const OPERATION = 'gen_ai.operation.name';

function ofHaystack(name: string, attributes: Attributes): Told | null {
  if (!name.startsWith('haystack.')) return null;
  switch (name) {
    case 'haystack.agent.run':
      return agent(null);
    case 'haystack.agent.step.tool':
      return tool({
        name: attributes['haystack.tool.name'],
        input: attributes['haystack.agent.step.tool.input'],
        output: attributes['haystack.agent.step.tool.output'],
      });
    case 'haystack.agent.step.llm':
      return haystackCall(
        () => fieldsOf(valueAt(attributes, 'haystack.agent.step.llm.input')),
        () => fieldsOf(valueAt(attributes, 'haystack.agent.step.llm.output')),
      );
    // Before a call had a span of its own.
    case 'haystack.agent.step':
      return attributes['haystack.agent.step.llm_output'] === undefined
        ? null
        : haystackCall(
            () => ({ messages: valueAt(attributes, 'haystack.agent.step.input') }),
            () => ({ replies: valueAt(attributes, 'haystack.agent.step.llm_output') }),
          );
    default: {
      const maker = /^(\w+?)(Chat)?Generator$/.exec(textAt(attributes, 'haystack.component.type') ?? '')?.[1];
      if (maker === undefined) return null;
      return haystackCall(
        () => fieldsOf(valueAt(attributes, 'haystack.component.input')),
        () => fieldsOf(valueAt(attributes, 'haystack.component.output')),
        HAYSTACK_MAKERS.find(([pattern]) => pattern.test(maker))?.[1],
      );
    }
  }
}

const HAYSTACK_MAKERS: readonly (readonly [RegExp, string])[] = [
  [/^OpenAI/, 'openai'],
  [/^Azure/, 'azure.ai.openai'],
  [/^Anthropic/, 'anthropic'],
  [/^AmazonBedrock/, 'aws.bedrock'],
  [/^Google/, 'gcp.gemini'],
  [/^Vertex/, 'gcp.vertex_ai'],
  [/^Mistral/, 'mistral_ai'],
  [/^Cohere/, 'cohere'],
  [/^Ollama/, 'ollama'],
  [/^OpenRouter/, 'openrouter'],
];

/** The usage stands in the first reply, the same in all; of generators of plain text beside them. */
function haystackCall(given: () => Fields, told: () => Fields, provider?: string): Told {
  const words = (): Words => {
    const [input, output] = [given(), told()];
    const replies = listOf(output.replies);
    const reply = fieldsOf(replies[0]);
    const meta = fieldsOf(reply.meta ?? reply._meta ?? listOf(output.meta)[0]);
    const asked = typeof input.prompt === 'string' ? [input.prompt] : listOf(input.messages);
    return {
      ...conversation(asked.map(haystackMessage), replies.map(haystackMessage)),
      ...text('gen_ai.provider.name', provider),
      ...text('gen_ai.response.model', meta.model),
      ...text('gen_ai.response.finish_reason', meta.finish_reason),
      ...json('gen_ai.usage.raw', meta.usage),
    };
  };
  return { operation: 'chat', words };
}

function haystackMessage(message: unknown): unknown {
  if (!isFields(message)) return message;
  const parts = message.content ?? message._content;
  return { role: message.role ?? message._role, content: Array.isArray(parts) ? parts.map(haystackPart) : parts };
}

function haystackPart(part: unknown): unknown {
  const { tool_call: call, tool_call_result: told } = fieldsOf(part);
  if (isFields(call)) return { ...call, type: 'tool_call', name: call.tool_name };
  if (!isFields(told)) return part;
  const { id, tool_name: name } = fieldsOf(told.origin);
  return { type: 'tool_call_response', id, name, result: told.result, is_error: told.error === true };
}

function ofGenkit(attributes: Attributes): Told | null {
  const kind = attributes['genkit:metadata:subtype'];
  if (typeof kind !== 'string') return null;
  const name = attributes['genkit:name'];
  if (kind === 'model') return { operation: 'chat', words: () => genkitCall(attributes, textOf(name) ?? '') };
  if (kind === 'agent') return agent(name);
  if (kind !== 'tool' && kind !== 'tool.v2') return null;
  return tool({ name, input: attributes['genkit:input'], output: attributes['genkit:output'] });
}

/** The model's name begins with that of the plugin which asks it. */
function genkitCall(attributes: Attributes, name: string): Words {
  const [plugin = ''] = name.split('/', 1);
  const output = fieldsOf(valueAt(attributes, 'genkit:output'));
  const { messages } = fieldsOf(valueAt(attributes, 'genkit:input'));
  const [candidate] = listOf(output.candidates);
  const { message, finishReason } = { ...fieldsOf(candidate), ...output };
  return {
    ...conversation(listOf(messages).map(genkitMessage), isFields(message) ? [genkitMessage(message)] : []),
    ...text('gen_ai.provider.name', name.includes('/') ? (GENKIT_PLUGINS[plugin] ?? plugin) : null),
    ...text('gen_ai.request.model', name.includes('/') ? name.slice(plugin.length + 1) : name),
    ...text('gen_ai.response.finish_reason', finishReason),
    ...genkitUsage(fieldsOf(output.usage)),
  };
}

const GENKIT_PLUGINS: Readonly<Record<string, string | undefined>> = Object.assign(Object.create(null), {
  googleai: 'gcp.gemini',
  vertexai: 'gcp.vertex_ai',
});

function genkitUsage(usage: Fields): Words {
  const { custom } = usage;
  if (isFields(custom) && Object.keys(custom).some((name) => name.startsWith('cache_'))) {
    const raw = { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens, ...custom };
    return json('gen_ai.usage.raw', raw);
  }
  return Object.fromEntries(
    GENKIT_COUNTS.flatMap(([from, to]) => {
      const count = usage[from];
      // Also one that cannot be: all are left out with it.
      return typeof count === 'number' ? [[`gen_ai.usage.${to}`, count]] : [];
    }),
  );
}

const GENKIT_COUNTS = [
  ['inputTokens', 'input_tokens'],
  ['outputTokens', 'output_tokens'],
  ['totalTokens', 'total_tokens'],
  ['cachedContentTokens', 'cached_tokens'],
  ['thoughtsTokens', 'reasoning_tokens'],
] as const;

function genkitMessage(message: unknown): unknown {
  const { role, content, parts } = fieldsOf(message);
  return {
    role,
    content: listOf(content ?? parts).map((part) => {
      const { toolRequest: asked, toolResponse: told } = fieldsOf(part);
      if (isFields(asked)) return { type: 'tool_call', id: asked.ref, name: asked.name, arguments: asked.input };
      if (isFields(told)) return { type: 'tool_call_response', id: told.ref, name: told.name, result: told.output };
      return part;
    }),
  };
}

/** Logfire's own spans of the OpenAI Agents SDK; those of calls follow the conventions. */
function ofLogfireAgents(attributes: Attributes): Told | null {
  const { 'logfire.msg_template': template, name, input, output } = attributes;
  if (template === 'Agent run: {name!r}') return agent(name);
  return template === 'Function: {name}' ? tool({ name, input, output }) : null;
}

function ofLiveKit(attributes: Attributes): Told | null {
  const name = attributes['lk.function_tool.name'];
  if (typeof name !== 'string') return null;
  return tool({
    name,
    id: attributes['lk.function_tool.id'],
    input: attributes['lk.function_tool.arguments'],
    output: attributes['lk.function_tool.output'],
    isError: attributes['lk.function_tool.is_error'] === true,
  });
}

function ofLaminar(attributes: Attributes): Told | null {
  const { 'lmnr.span.type': kind, 'lmnr.span.input': input, 'lmnr.span.output': output } = attributes;
  if (kind === 'TOOL') return tool({ input, output });
  if (kind !== 'LLM') return null;
  // Under names that are looked at when no other says it.
  return { operation: 'chat', words: () => ({ ...json('input.value', input), ...json('output.value', output) }) };
}

function agent(name: unknown): Told {
  return { operation: 'invoke_agent', words: () => text('gen_ai.agent.name', name) };
}

function tool(run: { name?: unknown; id?: unknown; input: unknown; output: unknown; isError?: boolean }): Told {
  const words = (): Words => ({
    ...text('gen_ai.tool.name', run.name),
    ...text('gen_ai.tool.call.id', run.id),
    ...json('gen_ai.tool.call.arguments', run.input),
    ...json('gen_ai.tool.call.result', run.output),
    ...(run.isError ? { 'gen_ai.tool.status': 'error' } : {}),
  });
  return { operation: 'execute_tool', words };
}

function conversation(input: readonly unknown[], output: readonly unknown[]): Words {
  return {
    ...(input.length > 0 ? json('gen_ai.input.messages', input) : {}),
    ...(output.length > 0 ? json('gen_ai.output.messages', output) : {}),
  };
}

function text(name: string, value: unknown): Words {
  return typeof value === 'string' && value !== '' ? { [name]: value } : {};
}

function json(name: string, value: unknown): Words {
  if (value === undefined || value === null || value === '') return {};
  return { [name]: typeof value === 'string' ? value : JSON.stringify(value) };
}
