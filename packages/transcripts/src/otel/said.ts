import { fieldsOf, isFields, listOf, textOf } from '../building/values.ts';
import { parsed } from './attributes.ts';

/** One thing that was said in a conversation, whatever wrote it down. */
export interface Said {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly text: string;
  /** What was thought and not said, which was paid all the same. */
  readonly thoughts: readonly string[];
  readonly calls: readonly SaidCall[];
  /** Of a tool's result. */
  readonly toolCallId: string | null;
  readonly toolName: string | null;
  readonly isError: boolean;
  readonly finishReason: string | null;
}

export interface SaidCall {
  readonly id: string | null;
  readonly name: string;
  readonly arguments: unknown;
}

type Fields = Readonly<Record<string, unknown>>;
type Role = Said['role'];

/**
 * What a value holds of a conversation: lists of messages as OpenAI, Anthropic, Google, LangChain, the Vercel AI SDK, OpenInference and
 * OpenTelemetry write them, answers of providers, and plain text, which `role` said.
 */
export function saidIn(value: unknown, role: Role): Said[] {
  const whole = parsed(value);
  const content = typeof whole === 'string' && BEGIN_OF_LIST.test(whole) ? completeItems(whole) : whole;
  if (Array.isArray(content))
    return isPartsOfOne(content) ? ofMessage({ role, content }, role) : content.flatMap((item) => saidIn(item, role));
  if (isFields(content)) return ofFields(content, role);
  return typeof content === 'string' && content !== '' ? [said({ role, text: content })] : [];
}

const BEGIN_OF_LIST = /^\s*\[\s*\{/;

/** Exporters cut long attributes off: the messages before the cut are whole. */
function completeItems(text: string): unknown[] {
  let depth = 0;
  let isInText = false;
  let end = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (isInText) {
      if (letter === '\\') at += 1;
      else if (letter === '"') isInText = false;
    } else if (letter === '"') isInText = true;
    else if (letter === '[' || letter === '{') depth += 1;
    else if ((letter === ']' || letter === '}') && --depth === 1) end = at + 1;
  }
  const items = parsed(`${text.slice(0, end)}]`);
  return Array.isArray(items) ? items : [];
}

/** Names under which the messages lie in a request or an answer. */
const AROUND = ['messages', 'contents', 'choices', 'candidates', 'generations'] as const;

function ofFields(fields: Fields, role: Role): Said[] {
  if (isFields(fields.message) && fields.role === undefined)
    return withReason(ofMessage(fields.message, role), textOf(fields.finish_reason));
  if (isFields(fields.kwargs) && Array.isArray(fields.id)) return ofLangChain(fields.kwargs, fields.id);
  if (typeof fields.role === 'string' || isFields(fields.content)) {
    const inner = isFields(fields.content) && fields.role === undefined ? fields.content : fields;
    return withReason(ofMessage(inner, role), textOf(fields.finish_reason) ?? textOf(fields.finishReason));
  }
  // Logfire, of a stream.
  if (typeof fields.combined_chunk_content === 'string') return saidIn(fields.combined_chunk_content, role);
  for (const name of AROUND) if (Array.isArray(fields[name])) return saidIn(fields[name], role);
  if (Array.isArray(fields.output)) return saidIn(fields.output, 'assistant');
  if (fields.type === 'function_call' || fields.type === 'function_call_output')
    return ofMessage({ content: [fields] }, role);
  if (typeof fields.type === 'string' && fields.type in ROLES) return ofMessage(fields, role);
  return fields.content === undefined && fields.parts === undefined ? [] : ofMessage(fields, role);
}

function ofLangChain(kwargs: Fields, id: readonly unknown[]): Said[] {
  const type = String(id.at(-1) ?? '')
    .replace(/Message(Chunk)?$/, '')
    .toLowerCase();
  return ofMessage({ role: type, ...kwargs }, ROLES[type] ?? 'user');
}

const ROLES: Readonly<Record<string, Role | undefined>> = Object.assign(Object.create(null), {
  system: 'system',
  developer: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  ai: 'assistant',
  model: 'assistant',
  tool: 'tool',
  function: 'tool',
} satisfies Record<string, Role>);

function ofMessage(message: Fields, fallback: Role): Said[] {
  const word = (textOf(message.role) ?? textOf(message.type))?.toLowerCase();
  // Some write the name of the tool where its role should stand.
  const role =
    word === undefined || word === 'message'
      ? fallback
      : (ROLES[word] ?? (message.role === undefined ? fallback : 'tool'));
  const found: Found = { texts: [], thoughts: [], calls: [], results: [] };
  for (const name of ['content', 'parts', 'contents'] as const) gather(message[name], found);
  for (const call of listOf(parsed(message.tool_calls))) gatherCall(fieldsOf(fieldsOf(call).tool_call ?? call), found);
  if (isFields(message.function_call)) gatherCall(message.function_call, found);
  // OpenInference's own, of the first such calls.
  const { function_call_name: name, function_call_arguments_json: given } = message;
  if (typeof name === 'string' && name !== '') gatherCall({ name, arguments: given }, found);
  const text = found.texts.join('\n');
  const isResult = role === 'tool' && found.calls.length === 0;
  const spoken =
    text !== '' || found.thoughts.length > 0 || found.calls.length > 0 || found.results.length === 0
      ? [
          said({
            role: role === 'tool' && !isResult ? 'assistant' : role,
            text,
            thoughts: found.thoughts,
            calls: found.calls,
            toolCallId: isResult ? (textOf(message.tool_call_id) ?? textOf(message.id)) : null,
            toolName: isResult ? (textOf(message.name) ?? (ROLES[word ?? ''] ? null : (word ?? null))) : null,
            isError: message.status === 'error' || message.is_error === true,
            finishReason: textOf(message.finish_reason),
          }),
        ]
      : [];
  return [...found.results, ...spoken];
}

interface Found {
  readonly texts: string[];
  readonly thoughts: string[];
  readonly calls: SaidCall[];
  readonly results: Said[];
}

function gather(content: unknown, found: Found): void {
  if (typeof content === 'string') {
    const value = parsed(content);
    if (Array.isArray(value) && value.length > 0 && value.every(isCall))
      for (const call of value) gatherCall(call, found);
    else if (Array.isArray(value) && value.length > 0 && value.every(isPart)) gather(value, found);
    else if (content !== '') found.texts.push(content);
    return;
  }
  if (Array.isArray(content)) for (const part of content) gatherPart(part, found);
  else if (isFields(content) && Array.isArray(content.parts)) gather(content.parts, found);
  else if (isFields(content)) gatherPart(content, found);
}

/** Strands and others write the parts of a message as JSON where its text would stand, as Bedrock words them. */
function isPart(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { text, toolUse, toolResult, reasoningContent } = value;
  const isText = typeof text === 'string' && Object.keys(value).length === 1;
  return isText || isFields(toolUse) || isFields(toolResult) || isFields(reasoningContent);
}

/** Koog and others write the tool calls of a turn where its text would stand. */
function isCall(value: unknown): value is Fields {
  return isFields(value) && isFields(value.function) && typeof value.function.name === 'string';
}

function gatherPart(value: unknown, found: Found): void {
  if (typeof value === 'string') {
    if (value !== '') found.texts.push(value);
    return;
  }
  const part = fieldsOf(fieldsOf(value).message_content ?? value);
  const type = textOf(part.type) ?? '';
  const call = part.functionCall ?? part.function_call ?? part.toolUse;
  const result = part.functionResponse ?? part.function_response ?? part.toolResult;
  if (CALL_TYPES.has(type) || isFields(call)) {
    gatherCall(fieldsOf(call ?? part), found);
  } else if (RESULT_TYPES.has(type) || isFields(result)) {
    found.results.push(resultOf(fieldsOf(result ?? part)));
  } else {
    const text = part.text ?? part.content ?? part.thinking ?? part.reasoning ?? part.refusal;
    const isThought = HIDDEN_TYPES.has(type) || part.thought === true;
    if (typeof text === 'string' && text !== '') (isThought ? found.thoughts : found.texts).push(text);
    else if (Array.isArray(text) && !isThought) gather(text, found);
  }
}

const CALL_TYPES = new Set(['tool_call', 'tool_use', 'tool-call', 'function_call', 'server_tool_use', 'toolCall']);
const RESULT_TYPES = new Set(['tool_call_response', 'tool_result', 'tool-result', 'function_call_output']);
/** What was thought is not said. */
const HIDDEN_TYPES = new Set(['thinking', 'reasoning', 'redacted_thinking']);

function gatherCall(call: Fields, found: Found): void {
  const inner = fieldsOf(call.function);
  const name = textOf(call.name) ?? textOf(inner.name) ?? textOf(call.toolName);
  if (name === null) return;
  const id = textOf(call.call_id) ?? textOf(call.id) ?? textOf(call.toolCallId) ?? textOf(call.toolUseId);
  const given = call.arguments ?? call.args ?? call.input ?? inner.arguments ?? {};
  found.calls.push({ id, name, arguments: parsed(given) });
}

function resultOf(part: Fields): Said {
  const value = part.result ?? part.response ?? part.output ?? part.content;
  const { type, value: held } = fieldsOf(value);
  return said({
    role: 'tool',
    text: textOfResult(held ?? value),
    toolCallId:
      textOf(part.tool_use_id) ??
      textOf(part.toolCallId) ??
      textOf(part.toolUseId) ??
      textOf(part.call_id) ??
      textOf(part.tool_call_id) ??
      textOf(part.id),
    toolName: textOf(part.name) ?? textOf(part.toolName),
    isError:
      part.is_error === true ||
      part.isError === true ||
      part.status === 'error' ||
      /^(error|execution-denied)/.test(textOf(type) ?? ''),
  });
}

/** A tool's result as text: its words where it is made of blocks of text, JSON otherwise. */
export function textOfResult(value: unknown): string {
  const content = parsed(value);
  if (content === undefined || content === null) return '';
  if (typeof content === 'string') return content;
  const { output } = fieldsOf(content);
  const told = isFields(output) && Object.keys(content).length === 1 ? output : content;
  const { kwargs, content: blocks = told } = fieldsOf(told);
  const inner = isFields(kwargs) ? kwargs.content : blocks;
  if (typeof inner === 'string') return inner;
  const texts = listOf(inner).map((block) => fieldsOf(block).text);
  if (texts.length > 0 && texts.every((text) => typeof text === 'string')) return texts.join('\n');
  return typeof value === 'string' ? value : (JSON.stringify(content) ?? '');
}

/** Parts of one message, without the message around them. */
function isPartsOfOne(items: readonly unknown[]): boolean {
  return (
    items.length > 0 &&
    items.every((item) => {
      const { type, role, message } = fieldsOf(item);
      const word = textOf(type) ?? '';
      return (
        role === undefined &&
        message === undefined &&
        (word === 'text' || word === 'tool_use' || word === 'tool_result')
      );
    })
  );
}

function withReason(list: Said[], reason: string | null): Said[] {
  return reason === null ? list : list.map((one) => ({ ...one, finishReason: one.finishReason ?? reason }));
}

function said(one: Partial<Said> & Pick<Said, 'role' | 'text'>): Said {
  return { thoughts: [], calls: [], toolCallId: null, toolName: null, isError: false, finishReason: null, ...one };
}
