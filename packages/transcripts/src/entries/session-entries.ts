import type {
  SessionDocument,
  SessionError,
  SessionMessage,
  SessionModelCall,
  SessionToolCall,
} from '@tracepost/contracts';
import { DocumentDraft } from '../building/document-draft.ts';
import { ERROR_CHARACTERS, errorText } from '../building/error-text.ts';
import { estimateMessage, inTokensOf } from '../building/estimate.ts';
import type { TextBudget } from '../building/text-budget.ts';
import { argumentFields } from '../building/tool-arguments.ts';

/** The place of an entry, and whose it is. */
interface Place {
  readonly sequence: number;
  readonly atMs?: number | null;
  readonly subagent?: string | null;
}

export interface MessageEntry extends Place {
  readonly messageId: string;
  readonly role: SessionMessage['role'];
  readonly text: string;
  readonly callId?: string | null;
  readonly toolCallId?: string | null;
  readonly isComplete?: boolean;
  /** Arguments of the tool calls in it, as text: they are tokens too. */
  readonly toolTexts?: readonly string[];
  /** The same where their names are known. */
  readonly toolCalls?: readonly { readonly name: string; readonly input: unknown }[];
  /** Whose tokens they are; where it is not said, those of the model that reads the session. */
  readonly model?: string | null;
}

export type CallEntry = Place & { readonly callId: string } & Partial<SessionModelCall>;

export interface ToolEntry extends Place {
  readonly toolCallId: string;
  readonly name: string;
  readonly callId?: string | null;
  readonly arguments: unknown;
  readonly startedAtMs?: number | null;
}

export interface ToolResult {
  readonly text: string;
  readonly status: SessionToolCall['status'];
  readonly error?: SessionError | null;
  readonly startedAtMs?: number | null;
  readonly endedAtMs?: number | null;
}

type Growing<T> = { -readonly [K in keyof T]: T[K] };

/** Collects the entries of one session, each with everything that its format does not say. */
export class SessionEntries {
  readonly messages: Growing<SessionMessage>[] = [];
  readonly calls: SessionModelCall[] = [];
  readonly tools: Growing<SessionToolCall>[] = [];
  readonly #texts: TextBudget;
  #reader: string | null = null;
  #unread: Growing<SessionMessage>[] = [];

  constructor(texts: TextBudget) {
    this.#texts = texts;
  }

  /** Names the model that is given the messages: those that came before it was known are weighed anew. */
  readBy(model: string): void {
    this.#reader = model;
    for (const message of this.#unread) message.estimatedTokens = inTokensOf(model, message.estimatedTokens);
    this.#unread = [];
  }

  message(entry: MessageEntry): void {
    const { text, toolTexts = [], toolCalls = [] } = entry;
    const model = entry.model ?? this.#reader;
    const message = {
      messageId: entry.messageId,
      role: entry.role,
      text: this.#texts.message(text),
      characters: text.length,
      estimatedTokens: estimateMessage({ texts: [text], tools: toolCalls, toolTexts, model }),
      callId: entry.callId ?? null,
      toolCallId: entry.toolCallId ?? null,
      isComplete: entry.isComplete ?? true,
      ...placeOf(entry),
    };
    this.messages.push(message);
    if (model === null) this.#unread.push(message);
  }

  call(entry: CallEntry): void {
    const { instructionTokens, ...said } = entry;
    this.calls.push({
      provider: null,
      model: null,
      askedAtMs: null,
      status: 'ok',
      error: null,
      stopReason: null,
      usage: null,
      rawUsage: null,
      besides: [],
      reportedCostUsd: null,
      serviceTier: null,
      contextWindow: null,
      ...said,
      ...(instructionTokens ? { instructionTokens } : {}),
      ...placeOf(entry),
    });
  }

  tool(entry: ToolEntry): Growing<SessionToolCall> {
    const tool: Growing<SessionToolCall> = {
      toolCallId: entry.toolCallId,
      name: entry.name,
      callId: entry.callId ?? null,
      startedAtMs: entry.startedAtMs ?? null,
      endedAtMs: null,
      status: 'pending',
      ...argumentFields(entry.arguments, this.#texts),
      resultBytes: null,
      result: null,
      error: null,
      ...placeOf(entry),
    };
    this.tools.push(tool);
    return tool;
  }

  result(tool: Growing<SessionToolCall>, result: ToolResult): void {
    tool.status = result.status;
    tool.result = this.#texts.tool(result.text);
    tool.resultBytes = Buffer.byteLength(result.text);
    tool.error = result.error ?? null;
    tool.endedAtMs = result.endedAtMs ?? null;
    tool.startedAtMs = result.startedAtMs ?? tool.startedAtMs;
  }

  /** What is kept of an error's text. */
  error(type: string | null, message: string): SessionError {
    return { type, message: this.#texts.keep(errorText(message), ERROR_CHARACTERS) };
  }

  document(about: DocumentFacts): SessionDocument {
    const named = <T extends { readonly callId: string | null }>(entry: T): T =>
      entry.callId?.startsWith(BY_PLACE) ? { ...entry, callId: about.sessionId + entry.callId } : entry;
    const draft = new DocumentDraft({ sessionId: about.sessionId, format: about.format, agentId: about.agentId });
    draft.add({
      parentSessionId: null,
      title: null,
      outcome: null,
      facts: {},
      ...about,
      messages: this.messages.map(named),
      calls: this.calls.map(named),
      tools: this.tools.map(named),
    });
    return draft.document();
  }
}

const BY_PLACE = '@';

/** The id of a call whose answer had none: its place in the session, in front of which `document` puts the session's id. */
export function callIdByPlace(place: number): string {
  return `${BY_PLACE}${place}`;
}

export function isByPlace(callId: string): boolean {
  return callId.startsWith(BY_PLACE);
}

type DocumentFacts = Pick<SessionDocument, 'sessionId' | 'format' | 'agentId'> &
  Partial<Omit<SessionDocument, 'messages' | 'calls' | 'tools'>>;

function placeOf(entry: Place): Required<Place> {
  return { atMs: entry.atMs ?? null, sequence: entry.sequence, subagent: entry.subagent ?? null };
}
