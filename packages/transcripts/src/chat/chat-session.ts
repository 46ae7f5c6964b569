import type { SessionToolCall } from '@tracepost/contracts';
import { estimateMessage, inTokensOf } from '../building/estimate.ts';
import type { TextBudget } from '../building/text-budget.ts';
import { type Fields, fieldsOf, idOf, listOf, textOf } from '../building/values.ts';
import { type CallEntry, callIdByPlace, SessionEntries, type ToolResult } from '../entries/session-entries.ts';
import { contentText } from './content-text.ts';

/** How a format tells whether a tool's result is a failure. */
export type ResultJudge = (
  text: string,
  message: Fields,
  tool: { readonly name: string },
) => { readonly status: 'ok' | 'failed' | 'refused'; readonly errorType?: string | null };

export interface ChatMessage {
  readonly message: Fields;
  /** Its place in the conversation, from 0; prompts of the system count. */
  readonly place: number;
  readonly messageId?: string;
  readonly atMs?: number | null;
  /** Of the assistant's: what is known of the call that gave it; null: no call of its own. */
  readonly call?: Partial<CallEntry> | null;
}

type OpenTool = ReturnType<SessionEntries['tool']>;

/** Between the places of two messages there is room for their calls of tools. */
const PLACES = 1000;

/**
 * Reads a conversation in the shape of OpenAI's chat messages (`role`, `content`, `tool_calls`, `tool_call_id`), message by message.
 */
export class ChatSession {
  readonly entries: SessionEntries;
  readonly #judge: ResultJudge;
  /** Models use ids again within one session: the latest call that has no result yet is the one that is answered. */
  readonly #tools = new Map<string, OpenTool[]>();

  #instructionTokens = 0;

  constructor(options: { readonly texts: TextBudget; readonly judge: ResultJudge }) {
    this.entries = new SessionEntries(options.texts);
    this.#judge = options.judge;
  }

  /** So many tokens more the model was given with every call that follows, by no model's tokenizer. */
  given(tokens: number): void {
    this.#instructionTokens += tokens;
  }

  /** Instructions and messages until now, by no model's tokenizer as long as no answer has named one. */
  get weight(): number {
    return this.entries.messages.reduce((sum, message) => sum + message.estimatedTokens, this.#instructionTokens);
  }

  /** Of what stands in the place of a message. */
  sequenceOf(place: number): number {
    return place * PLACES;
  }

  /** Throws `RangeError` when the message cannot be read. */
  add(entry: ChatMessage): void {
    switch (entry.message.role) {
      case 'user':
        this.#user(entry);
        break;
      case 'assistant':
        this.#assistant(entry);
        break;
      case 'tool':
      case 'function':
        this.#result(entry);
        break;
      // No part of the conversation, but given to the model with every call.
      case 'system':
      case 'developer':
        this.#instructionTokens += estimateMessage({ texts: [contentText(entry.message.content)], model: null });
        break;
      default: {
        const role = JSON.stringify(entry.message.role ?? null).slice(0, 40);
        throw new RangeError(`the role ${role} is none of a conversation`);
      }
    }
  }

  #user(entry: ChatMessage): void {
    this.entries.message({
      messageId: messageIdOf(entry),
      role: 'user',
      text: contentText(entry.message.content),
      atMs: entry.atMs ?? null,
      sequence: entry.place * PLACES,
    });
  }

  #assistant(entry: ChatMessage): void {
    const requests = requestsOf(entry.message);
    const callId = entry.call === null ? null : (entry.call?.callId ?? callIdByPlace(entry.place));
    const sequence = entry.place * PLACES;
    const model = entry.call?.model ?? null;
    if (model !== null) this.entries.readBy(model);
    if (callId !== null) {
      const instructionTokens = inTokensOf(model, this.#instructionTokens) || null;
      this.entries.call({ sequence, atMs: entry.atMs ?? null, instructionTokens, ...entry.call, callId });
    }
    this.entries.message({
      messageId: messageIdOf(entry),
      role: 'assistant',
      text: contentText(entry.message.content),
      atMs: entry.atMs ?? null,
      sequence,
      callId,
      toolCalls: requests.map((request) => ({ name: request.name, input: request.arguments })),
      toolTexts: thoughtOf(entry.message),
      model,
    });
    for (const [index, request] of requests.entries()) {
      const tools = this.#tools.get(request.id) ?? [];
      this.#tools.set(request.id, tools);
      tools.push(
        this.entries.tool({
          toolCallId: tools.length === 0 ? request.id : `${request.id}#${tools.length + 1}`,
          name: request.name,
          arguments: request.arguments,
          callId,
          atMs: entry.atMs ?? null,
          sequence: sequence + 1 + index,
        }),
      );
    }
  }

  #result(entry: ChatMessage): void {
    const { message } = entry;
    const id = idOf(message.tool_call_id ?? message.id ?? listOf(message.tool_call_ids)[0]);
    // Without an id, it is the result of what was called last.
    const tools = id === null ? this.entries.tools : (this.#tools.get(id) ?? []);
    const tool = nextOpen(tools) ?? (id === null ? null : tools.at(-1)) ?? null;
    const text = contentText(message.content);
    this.entries.message({
      messageId: messageIdOf(entry),
      role: 'tool',
      text,
      atMs: entry.atMs ?? null,
      sequence: entry.place * PLACES,
      callId: tool?.callId ?? null,
      toolCallId: tool?.toolCallId ?? id,
    });
    if (tool?.status === 'pending') this.entries.result(tool, this.#resultOf(entry, text, tool));
  }

  #resultOf(entry: ChatMessage, text: string, tool: Pick<SessionToolCall, 'name'>): ToolResult {
    const { status, errorType = null } = this.#judge(text, entry.message, tool);
    return {
      text,
      status,
      error: status === 'failed' ? this.entries.error(errorType, text) : null,
      endedAtMs: entry.atMs ?? null,
    };
  }
}

/** What waits longer for its result gets none. */
const MOST_OPEN = 100;

/** Of the latest message with a call that waits for its result, the first that does. */
function nextOpen(tools: readonly OpenTool[]): OpenTool | undefined {
  const open = tools.slice(-MOST_OPEN).filter(({ status }) => status === 'pending');
  const messageOf = ({ sequence }: OpenTool): number => Math.floor(sequence / PLACES);
  const last = open.at(-1);
  return last && open.find((tool) => messageOf(tool) === messageOf(last));
}

interface ToolRequest {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
}

/** OpenAI's shape has the name and the arguments in `function`, others beside the id. */
function requestsOf(message: Fields): ToolRequest[] {
  return listOf(message.tool_calls).map((call, index) => {
    const fields = fieldsOf(call);
    const { name, arguments: given } = fieldsOf(fields.function ?? fields);
    return {
      id: idOf(fields.id) ?? `tool-${index}`,
      name: textOf(name) ?? 'unknown',
      arguments: given ?? '',
    };
  });
}

/** What the model thought before it answered: no part of what it said, but paid. */
function thoughtOf({ reasoning_content }: Fields): string[] {
  const thought = textOf(reasoning_content);
  return thought === null ? [] : [thought];
}

function messageIdOf(entry: ChatMessage): string {
  return entry.messageId ?? `message-${entry.place}`;
}
