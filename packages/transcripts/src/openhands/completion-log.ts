import { createHash } from 'node:crypto';
import type { SessionDocument } from '@tracepost/contracts';
import { estimateMessage } from '../building/estimate.ts';
import { type Fields, fieldsOf, isFields, listOf, textOf, timeOf } from '../building/values.ts';
import { ChatSession } from '../chat/chat-session.ts';
import { completionCall } from '../chat/completion-call.ts';
import { contentText } from '../chat/content-text.ts';
import { providerOf } from '../chat/litellm-model.ts';
import { inChatShape, stopReasonOf } from '../chat/response-message.ts';
import { reportedUsd } from '../chat/usd-text.ts';
import type { CallEntry } from '../entries/session-entries.ts';
import type { ReadingContext } from '../format-reader.ts';
import type { ElementTaker } from '../json/read-elements.ts';
import type { Step } from '../json/selectors.ts';
import { judgeText } from './result-judge.ts';

/** What is wanted of a log of one call. The prompt stands twice where the model was asked without functions: as it was sent, and with functions. */
export const LOG_WAYS = [
  'messages.*',
  'raw_messages.*',
  'fncall_messages.*',
  'tools.*',
  'kwargs.tools.*',
  'instructions',
  'input.*',
  'response',
  'fncall_response',
  'error',
  'cost',
  'timestamp',
  'latency_sec',
  'context_window',
  'kwargs.model',
  'kwargs.extra_body.metadata.tags',
] as const;

/**
 * Takes the log of one call: the whole prompt, and the answer. A session is all logs whose conversation begins in the same way; each holds
 * again what those before it held, under the same ids.
 */
export class CompletionLogTaker implements ElementTaker {
  readonly #context: ReadingContext;
  readonly #prompts = new Map<string, Prompt>();
  readonly #fields: Record<string, unknown> = {};
  readonly #input: Fields[] = [];
  /** Of the descriptions of tools, which newer logs have twice: by where they stand. */
  readonly #toolTokens = new Map<unknown, number>();

  constructor(context: ReadingContext) {
    this.#context = context;
  }

  value(way: readonly Step[], value: unknown): void {
    const [name, place] = way;
    if (way.at(-2) === 'tools') {
      const tokens = estimateMessage({ texts: [JSON.stringify(value)], model: null });
      this.#toolTokens.set(name, (this.#toolTokens.get(name) ?? 0) + tokens);
      return;
    }
    if (way.length !== 2 || typeof place !== 'number') {
      this.#fields[String(way.at(-1))] = value;
      return;
    }
    if (name === 'input') {
      this.#input.push(fieldsOf(value));
      return;
    }
    const prompt = this.#prompts.get(String(name)) ?? new Prompt(this.#context);
    this.#prompts.set(String(name), prompt);
    prompt.add(value, null);
  }

  finish(): SessionDocument[] {
    const { raw_messages: raw, fncall_messages: old, messages } = Object.fromEntries(this.#prompts);
    const prompt = raw ?? old ?? messages ?? this.#promptOfInput();
    const response = fieldsOf(this.#fields.fncall_response ?? this.#fields.response);
    const answer = answerOf(response);
    const { error: failure } = this.#fields;
    if (!prompt || !(isFields(answer) || isFields(failure))) {
      this.#context.skip(1, 'there is no answer of a model in it');
      return [];
    }
    this.#context.begin(1);
    prompt.chat.given(this.#unsaid(prompt, messages ?? prompt));
    try {
      if (isFields(answer)) prompt.add({ role: 'assistant', ...answer }, this.#call(response));
      else prompt.failed(fieldsOf(failure), this.#call({}));
    } catch (error) {
      this.#context.skip(1, `the answer cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      return [];
    }
    const sessionId = `openhands-${prompt.identity()}`;
    return [
      prompt.chat.entries.document({ sessionId, format: 'openhands', agentId: 'openhands', title: prompt.title }),
    ];
  }

  /** What OpenAI's interface of responses was sent; null: nothing. An answer is sent again in pieces, which are one message here too. */
  #promptOfInput(): Prompt | null {
    if (this.#input.length === 0) return null;
    const prompt = new Prompt(this.#context);
    const instructions = textOf(this.#fields.instructions);
    const head = instructions === null ? [] : [{ role: 'system', content: instructions }];
    for (const message of [...head, ...messagesOf(this.#input)]) prompt.add(message, null);
    return prompt;
  }

  /** What the model was given besides the conversation and its instructions: tools, and how to ask for them without functions. */
  #unsaid(told: Prompt, sent: Prompt): number {
    return Math.max(0, ...this.#toolTokens.values()) + Math.max(0, sent.chat.weight - told.chat.weight);
  }

  #call(response: Fields): Partial<CallEntry> {
    const { timestamp, latency_sec, cost, context_window } = this.#fields;
    const model = this.#model(response);
    const provider = providerOf(model);
    const { callId, ...fields } = completionCall(response, provider, this.#context.leaveOut);
    const atMs = timeOf(timestamp) ?? timeOf(response.created);
    const latencyMs = typeof latency_sec === 'number' && latency_sec >= 0 ? Math.round(latency_sec * 1000) : null;
    return {
      ...fields,
      ...(callId === null ? {} : { callId }),
      stopReason: fields.stopReason ?? stopReasonOf(response),
      model,
      provider,
      atMs,
      askedAtMs: atMs !== null && latencyMs !== null ? atMs - latencyMs : null,
      reportedCostUsd: reportedUsd(cost, this.#context.leaveOut),
      contextWindow: typeof context_window === 'number' && context_window > 0 ? context_window : null,
    };
  }

  /** A proxy answers under a name of its own; the tag has the name that was asked for. */
  #model(response: Fields): string | null {
    const tag = listOf(this.#fields.tags).find((one) => typeof one === 'string' && one.startsWith('model:'));
    const asked = typeof tag === 'string' ? textOf(tag.slice('model:'.length)) : null;
    return asked ?? textOf(this.#fields.model) ?? textOf(response.model);
  }
}

/** A conversation whose messages have ids by what is said in them, so that they are the same in every log. */
class Prompt {
  readonly chat: ChatSession;
  title: string | null = null;
  #place = 0;
  #firstUser: string | null = null;
  #firstAnswer: string | null = null;
  readonly #seen = new Map<string, number>();

  constructor(context: ReadingContext) {
    this.chat = new ChatSession({ texts: context.texts, judge: judgeText });
  }

  /** `call` is null for what was answered by calls that have logs of their own. */
  add(message: unknown, call: Partial<CallEntry> | null): void {
    const place = this.#place++;
    if (!isFields(message)) throw new RangeError('it is no message');
    const key = keyOf(message);
    if (message.role === 'user') {
      this.#firstUser ??= key;
      this.title ??= contentText(message.content).trim().slice(0, 200);
    }
    if (message.role === 'assistant') this.#firstAnswer ??= key;
    const count = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, count);
    this.chat.add({ message, place, messageId: `${key}-${count}`, call, atMs: call?.atMs ?? null });
  }

  /** The request had no answer. */
  failed({ type, message }: Fields, call: Partial<CallEntry>): void {
    const { entries } = this.chat;
    const error = entries.error(textOf(type), textOf(message) ?? '');
    const callId = `failed-${hashOf(`${call.atMs} ${error.type} ${error.message}`)}`;
    entries.call({ ...call, callId, sequence: this.chat.sequenceOf(this.#place), status: 'failed', error });
  }

  identity(): string {
    return hashOf(`${this.#firstUser} ${this.#firstAnswer}`);
  }
}

function answerOf(response: Fields): unknown {
  if (!Array.isArray(response.output)) return fieldsOf(listOf(response.choices)[0]).message;
  return messagesOf(listOf(response.output).map(fieldsOf))[0] ?? { role: 'assistant', content: '' };
}

const SAID_BY_MODEL = new Set(['reasoning', 'function_call', 'message']);

/** Items of the interface of responses as messages: what the model gave without a word between is one answer. */
function messagesOf(items: readonly Fields[]): Fields[] {
  const messages: Fields[] = [];
  let answer: Fields[] = [];
  const answered = (): void => {
    if (answer.length > 0) messages.push(inChatShape({ object: 'response', output: answer }));
    answer = [];
  };
  for (const item of items.map(withOneId)) {
    const isOfModel = SAID_BY_MODEL.has(String(item.type)) && (item.type !== 'message' || item.role === 'assistant');
    if (isOfModel) answer.push(item);
    else {
      answered();
      messages.push(inChatShape(item));
    }
  }
  answered();
  return messages;
}

/** Sent back, the id of a call has letters in front that the answer had not. */
function withOneId(item: Fields): Fields {
  const id = textOf(item.call_id) ?? textOf(item.id);
  return id === null ? item : { ...item, call_id: id.replace(/^fc_(?=call_)/, '') };
}

/** A call of a tool has an id that no other has; without one, what was said has to do. */
function keyOf(message: Fields): string {
  const asked = textOf(fieldsOf(listOf(message.tool_calls)[0]).id);
  const answered = textOf(message.tool_call_id);
  return `${String(message.role).slice(0, 20)}-${hashOf(asked ?? answered ?? contentText(message.content))}`;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
