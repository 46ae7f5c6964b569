import { createHash } from 'node:crypto';
import type {
  Attributes,
  SessionMessage,
  SessionModelCall,
  SessionSpan,
  SessionToolCall,
  SpanSignal,
} from '@tracepost/contracts';
import { errorText } from '../building/error-text.ts';
import { estimateMessage } from '../building/estimate.ts';
import { UNKNOWN_TOOL } from '../building/join-tools.ts';
import { TextBudget } from '../building/text-budget.ts';
import { argumentFields } from '../building/tool-arguments.ts';
import { isUnique } from '../building/tool-ids.ts';
import { fieldsOf, isFields, textOf } from '../building/values.ts';
import { parsed, textAt, unquoted, valueAt } from './attributes.ts';
import { type Conversation, conversationOf, givenInEvents, toldInEvents } from './conversation.ts';
import { failureOf, isAbort, isRefusal } from './failure.ts';
import { inConventions } from './framework-words.ts';
import { mlflowModel } from './mlflow.ts';
import { offeredTools } from './offered-tools.ts';
import { askedAs, toldAs } from './own-tool-ids.ts';
import { providerOf } from './provider-name.ts';
import { reportedCost } from './reported-cost.ts';
import { type Said, type SaidCall, textOfResult } from './said.ts';
import { ownSessionId, safeId } from './span-ids.ts';
import { type SpanKind, spanKind } from './span-kind.ts';
import { answerOf, spanUsage } from './span-usage.ts';

/** All that one span says of a session, and only that: the span itself need not be kept. */
export interface SpanDraft {
  readonly span: SessionSpan;
  /** As the span itself says. */
  readonly sessionId: string | null;
  readonly call: SessionModelCall | null;
  readonly tools: readonly SessionToolCall[];
  readonly messages: readonly SessionMessage[];
}

/** Null for a span that is of some other work. Looks at this span alone. */
export function readSpan(
  signal: SpanSignal,
  texts: TextBudget = new TextBudget(Number.POSITIVE_INFINITY),
): SpanDraft | null {
  const kind = spanKind(signal);
  return kind && new SpanReading({ ...signal, attributes: inConventions(signal) }, kind, texts).draft();
}

type MessageIds = ReadonlyMap<Said, string>;

const NANOS_PER_MS = 1_000_000n;
/** Entries of one span stay apart inside its instant. */
const ENTRIES_PER_NANO = 1_000;

class SpanReading {
  readonly #signal: SpanSignal;
  readonly #attributes: Attributes;
  readonly #kind: SpanKind;
  readonly #texts: TextBudget;
  readonly #start: Instant;
  readonly #end: Instant;

  constructor(signal: SpanSignal, kind: SpanKind, texts: TextBudget) {
    this.#signal = signal;
    this.#attributes = signal.attributes;
    this.#kind = kind;
    this.#texts = texts;
    this.#start = instant(signal.startTimeUnixNano);
    // A clock was set back meanwhile.
    const isBackwards = signal.endTimeUnixNano < signal.startTimeUnixNano;
    this.#end = isBackwards ? this.#start : instant(signal.endTimeUnixNano);
  }

  draft(): SpanDraft {
    const call = this.#kind === 'tool' ? null : this.#call();
    const conversation = call ? conversationOf(this.#signal) : { input: [], output: [] };
    const messageIds = this.#messageIds(conversation.input);
    const messages = call ? this.#messages(call, conversation, messageIds) : [];
    return {
      span: {
        traceId: this.#signal.traceId,
        spanId: this.#signal.spanId,
        parentSpanId: this.#signal.parentSpanId,
        kind: this.#kind,
        name: this.#signal.name.slice(0, 200),
        service: this.#signal.origin.service,
        agent: this.#agent(),
        startMs: this.#start.ms,
        endMs: this.#end.ms,
        callId: call?.callId ?? null,
        toolCallId: this.#kind === 'tool' ? this.#askedId() : null,
        messageIds: messages.map(({ messageId }) => messageId),
      },
      sessionId: ownSessionId(this.#signal),
      call: call && this.#told(call, conversation),
      tools: this.#kind === 'tool' ? [this.#run()] : call ? this.#toolsOf(call.callId, conversation, messageIds) : [],
      messages,
    };
  }

  /** A model's span is a call; any other only when it carries usage, which then may be a sum of what is inside. */
  #call(): SessionModelCall | null {
    const attributes = this.#attributes;
    const provider = providerOf(attributes);
    const named = textAt(attributes, ...MODEL_NAMES);
    const model = named === null ? mlflowModel(attributes) : unquoted(named);
    const told = spanUsage(attributes, provider, model);
    const used = told !== null && told.usage.input + told.usage.output > 0 ? told : null;
    if (this.#kind !== 'model' && used === null) return null;
    const error = failureOf(this.#signal);
    return {
      callId: this.#callId(),
      ...this.#end.place(999),
      subagent: null,
      provider,
      model,
      askedAtMs: this.#askedAtMs(),
      status: error === null ? 'ok' : isAbort(error) ? 'aborted' : 'failed',
      error,
      stopReason: this.#stopReason(),
      usage: used?.usage ?? null,
      rawUsage: used?.raw ?? null,
      besides: [],
      reportedCostUsd: reportedCost(attributes),
      serviceTier: serviceTier(attributes),
      contextWindow: null,
    };
  }

  /** Logfire tells a stream's answer when it has ended, and how long it took in seconds. */
  #askedAtMs(): number {
    const seconds = this.#attributes['logfire.span_type'] === 'log' ? Number(this.#attributes.duration) : 0;
    return this.#start.ms - (seconds > 0 && seconds < 86_400 ? Math.round(seconds * 1000) : 0);
  }

  #callId(): string {
    const given =
      textAt(this.#attributes, 'gen_ai.response.id', 'ai.response.id', 'llm.response.id') ??
      textOf(answerOf(this.#attributes).id);
    const id = given === null ? null : safeId(given);
    // Ollama draws its ids from a thousand: they tell nothing apart.
    return id === null || /^(chatcmpl-\d{1,4}|run-.*)$/.test(id) ? this.#signal.spanId : id;
  }

  #stopReason(): string | null {
    const reasons = valueAt(
      this.#attributes,
      'gen_ai.response.finish_reasons',
      'gen_ai.response.finish_reason',
      'llm.finish_reason',
      'llm.response.finish_reason',
      'llm.response.stop_reason',
      'ai.response.finishReason',
      'gen_ai.completion.0.finish_reason',
      'stop_reason',
    );
    return textOf(Array.isArray(reasons) ? reasons[0] : reasons);
  }

  /** With what only the conversation says. */
  #told(call: SessionModelCall, { input, output }: Conversation): SessionModelCall {
    const stopReason =
      call.stopReason ?? output.find(({ finishReason }) => finishReason !== null)?.finishReason ?? null;
    const texts = input.filter(({ role }) => role === 'system').map(({ text }) => text);
    const instructions = this.#attributes['gen_ai.system_instructions'];
    if (instructions !== undefined && instructions !== null) texts.push(jsonText(instructions));
    const { system_instruction: told } = fieldsOf(
      fieldsOf(valueAt(this.#attributes, 'gcp.vertex.agent.llm_request')).config,
    );
    if (told !== undefined && told !== null) texts.push(jsonText(told));
    texts.push(...offeredTools(this.#attributes));
    const instructionTokens = estimateMessage({ texts, model: call.model });
    return { ...call, stopReason, ...(instructionTokens > 0 ? { instructionTokens } : {}) };
  }

  /** What the model asked for, and the results that it was given. */
  #toolsOf(callId: string, { input, output }: Conversation, messageIds: MessageIds): SessionToolCall[] {
    const seen = new Map<string, number>();
    const asked = output
      .flatMap(({ calls }) => calls)
      .map((call, index) => {
        const given = safeId(call.id);
        return this.#tool({
          call,
          callId,
          toolCallId: given === null ? `${callId}/tool-${index}` : askedAs(given, times(given, seen), this.#signal),
          place: this.#end.place(500 + index),
        });
      });
    const results = news(input).flatMap((one, index) => {
      const given = one.role === 'tool' ? safeId(one.toolCallId) : null;
      if (given === null) return [];
      const call = { id: given, name: one.toolName ?? UNKNOWN_TOOL, arguments: undefined };
      const toolCallId = toldAs(given, messageIds.get(one) ?? '');
      const tool = this.#tool({ call, callId: null, toolCallId, place: this.#start.place(index) });
      return [
        { ...tool, ...this.#result(one.text, one.isError ? { type: null, message: errorText(one.text) } : null) },
      ];
    });
    return [...asked, ...results];
  }

  /** Which call of the model it says that it runs. */
  #askedId(): string | null {
    const id = textAt(
      this.#attributes,
      'gen_ai.tool.call.id',
      'ai.toolCall.id',
      'tool_call.id',
      'tool.id',
      'tool_use_id',
    );
    // Google's ADK has a word for none.
    const given = id === '<not specified>' ? null : id;
    return safeId(given ?? idInResult(valueAt(this.#attributes, ...TOOL_OUTPUTS)));
  }

  #run(): SessionToolCall {
    const attributes = this.#attributes;
    const name = textAt(
      attributes,
      'gen_ai.tool.name',
      'tool.name',
      'ai.toolCall.name',
      'tool_name',
      'traceloop.entity.name',
    );
    const call = {
      id: null,
      name: name ?? this.#signal.name.replace(TOOL_SPAN_NAME, ''),
      arguments: valueAt(attributes, ...TOOL_INPUTS) ?? givenInEvents(this.#signal),
    };
    const output = valueAt(attributes, ...TOOL_OUTPUTS) ?? toldInEvents(this.#signal);
    const place = this.#start.place(0);
    const text = textOfResult(output);
    const told = isFailedResult(output) ? { type: null, message: errorText(text) } : null;
    return {
      ...this.#tool({ call, callId: null, toolCallId: `${BY_SPAN}${this.#signal.spanId}`, place }),
      ...this.#result(text, failureOf(this.#signal) ?? told),
      startedAtMs: this.#start.ms,
      endedAtMs: this.#end.ms,
      ...(output === undefined ? { resultBytes: null, result: null } : {}),
    };
  }

  #tool({
    call,
    callId,
    toolCallId,
    place,
  }: {
    call: SaidCall;
    callId: string | null;
    toolCallId: string;
    place: Place;
  }): SessionToolCall {
    return {
      toolCallId,
      name: call.name.slice(0, 200),
      callId,
      ...place,
      subagent: null,
      startedAtMs: null,
      endedAtMs: null,
      status: 'pending',
      ...argumentFields(compact(call.arguments), this.#texts),
      resultBytes: null,
      result: null,
      error: null,
    };
  }

  #result(
    text: string,
    error: SessionToolCall['error'],
  ): Pick<SessionToolCall, 'status' | 'result' | 'resultBytes' | 'error'> {
    const isRefused = isRefusal(error?.type ?? null, error?.message || text);
    return {
      status: isRefused ? 'refused' : error ? 'failed' : 'ok',
      result: this.#texts.tool(text),
      resultBytes: Buffer.byteLength(text),
      error: isRefused ? null : error,
    };
  }

  #messages(call: SessionModelCall, { input, output }: Conversation, messageIds: MessageIds): SessionMessage[] {
    const fresh = new Set(news(input));
    const asked = input.flatMap((one, index) => {
      const id = messageIds.get(one) ?? '';
      const given = safeId(one.toolCallId);
      if (!fresh.has(one) || one.role === 'system' || one.role === 'assistant') return [];
      // Some programs list the tools that they offer as messages.
      if (one.text === '' && one.toolCallId === null) return [];
      return [
        this.#message(
          one.role,
          id,
          [one],
          this.#start.place(index),
          { callId: null, toolCallId: given === null ? null : toldAs(given, id) },
          call,
        ),
      ];
    });
    const spoken = output.filter(({ role }) => role === 'assistant');
    if (call.status === 'failed' && spoken.length === 0) return asked;
    const answer = this.#message(
      'assistant',
      `${call.callId}/answer`,
      spoken,
      this.#end.place(998),
      { callId: call.callId, toolCallId: null },
      call,
    );
    return [...asked, answer];
  }

  /**
   * The same thing said in the same place of the same conversation has one id, in however many spans it stands. That of a tool's result
   * is known by the call's, if there is but one such.
   */
  #messageIds(input: readonly Said[]): MessageIds {
    const seen = new Map<string, number>();
    return new Map(
      input.map((one) => {
        const given = one.role === 'tool' ? safeId(one.toolCallId) : null;
        if (given !== null && isUnique(given)) return [one, `result-${given}`];
        const hash = createHash('sha256')
          .update(`${this.#signal.traceId}\n${one.role}\n${given === null ? '' : `${given}\n`}${one.text}`)
          .digest('hex')
          .slice(0, 16);
        return [one, `${given === null ? 'said' : 'result'}-${hash}-${times(hash, seen)}`];
      }),
    );
  }

  #message(
    role: SessionMessage['role'],
    messageId: string,
    parts: readonly Said[],
    place: Place,
    ids: Pick<SessionMessage, 'callId' | 'toolCallId'>,
    { status, stopReason, model }: SessionModelCall,
  ): SessionMessage {
    const texts = parts.map(({ text }) => text).filter((text) => text !== '');
    const text = texts.join('\n');
    const thoughts = parts.flatMap((part) => part.thoughts);
    const tools = parts.flatMap(({ calls }) => calls).map((call) => ({ name: call.name, input: call.arguments }));
    return {
      messageId,
      role,
      ...place,
      subagent: null,
      text: this.#texts.message(text),
      characters: text.length,
      estimatedTokens: estimateMessage({ texts: [...texts, ...thoughts], tools, model }),
      ...ids,
      isComplete:
        role !== 'assistant' ||
        (status === 'ok' && !/content_?filter|refus|safety|abort|cancel/i.test(stopReason ?? '')),
    };
  }

  #agent(): string | null {
    const attributes = this.#attributes;
    const named = textAt(
      attributes,
      'tracepost.agent.id',
      'gen_ai.agent.name',
      'agent.name',
      'agent_name',
      'ag2.agent.name',
      'gen_ai.agent.id',
    );
    const ofAgent =
      this.#kind === 'agent'
        ? textAt(attributes, 'graph.node.id', 'traceloop.entity.name', 'ai.telemetry.functionId')
        : null;
    return (named ?? ofAgent)?.slice(0, 200) ?? null;
  }
}

/** A run of a tool is known by its span; which call of a model it is has to be found out. */
export const BY_SPAN = 'span-';

/** What instrumentations put in front of the tool's name. */
export const TOOL_SPAN_NAME = /^(execute_tool|running tool:?|tool[.:]|tools\/call)\s*/;

const TOOL_INPUTS = [
  'gen_ai.tool.call.arguments',
  'tool_arguments',
  'ai.toolCall.args',
  'input.value',
  'tool.parameters',
  'tool_call.function.arguments',
  'traceloop.entity.input',
  'langfuse.observation.input',
  'mlflow.spanInputs',
  'gcp.vertex.agent.tool_call_args',
  'gen_ai.tool.input',
  'gen_ai.tool.args',
  'gen_ai.prompt',
] as const;

const TOOL_OUTPUTS = [
  'gen_ai.tool.call.result',
  'gen_ai.tool.message',
  'tool_response',
  'ai.toolCall.result',
  'output.value',
  'traceloop.entity.output',
  'langfuse.observation.output',
  'mlflow.spanOutputs',
  'gcp.vertex.agent.tool_response',
  'gen_ai.tool.output',
  'gen_ai.output',
  'gen_ai.completion',
] as const;

const MODEL_NAMES = [
  'gen_ai.response.model',
  'ai.response.model',
  'llm.response.model',
  'llm.response.model_name',
  'llm.model_name',
  'gen_ai.request.model',
  'ai.model.id',
  'llm.request.model',
  'llm.request.model_name',
  'embedding.model_name',
  'mlflow.llm.model',
  'model_name',
  'langfuse.observation.model.name',
  'model',
] as const;

type Place = Pick<SessionMessage, 'atMs' | 'sequence'>;

interface Instant {
  readonly ms: number;
  place(index: number): Place;
}

function instant(nanos: bigint): Instant {
  const ms = Number(nanos / NANOS_PER_MS);
  const rest = Number(nanos % NANOS_PER_MS) * ENTRIES_PER_NANO;
  return { ms, place: (index) => ({ atMs: ms, sequence: rest + Math.min(index, ENTRIES_PER_NANO - 1) }) };
}

function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** How often it was seen before. */
function times(key: string, seen: Map<string, number>): number {
  const before = seen.get(key) ?? 0;
  seen.set(key, before + 1);
  return before;
}

/** Of all that a model was given only what came after its last answer is new: the rest was told by earlier spans. */
function news(input: readonly Said[]): readonly Said[] {
  const last = input.findLastIndex(({ role }) => role === 'assistant');
  return input.slice(last + 1);
}

/** JSON text is written in many ways; in one, the same arguments have the same length. */
function compact(value: unknown): unknown {
  const content = parsed(value);
  const { input } = fieldsOf(content);
  // LangSmith puts the arguments into one more object.
  return typeof input === 'object' && input !== null && Object.keys(fieldsOf(content)).length === 1 ? input : content;
}

function idInResult(output: unknown): string | null {
  return textOf(messageIn(output).tool_call_id);
}

/** A framework that catches what a tool throws makes a message of it, and the span is well. */
function isFailedResult(output: unknown): boolean {
  const message = messageIn(parsed(output));
  if (message.content === undefined) return false;
  return message.isError === true || message.is_error === true || (message.status === 'error' && isMessage(message));
}

/** Tools hand on things of their own, too, with a content and a state that is an error: a job, a ticket. */
function isMessage(fields: Readonly<Record<string, unknown>>): boolean {
  const { type, content, tool_call_id, toolUseId, ...others } = fields;
  if (type === 'tool' || Array.isArray(content) || (textOf(tool_call_id) ?? textOf(toolUseId)) !== null) return true;
  return Object.keys(others).every((name) => MESSAGE_MEMBERS.has(name));
}

const MESSAGE_MEMBERS: ReadonlySet<string> = new Set(['status', 'name', 'additional_kwargs', 'response_metadata']);

/** LangChain's message of a tool, as it is or as it is written down, LangSmith's with one more object around. */
function messageIn(output: unknown): Readonly<Record<string, unknown>> {
  const fields = fieldsOf(output);
  const inner = isFields(fields.output) && Object.keys(fields).length === 1 ? fields.output : fields;
  return isFields(inner.kwargs) ? inner.kwargs : inner;
}

function serviceTier(attributes: Attributes): string | null {
  const tier = textAt(
    attributes,
    'gen_ai.openai.response.service_tier',
    'openai.response.service_tier',
    'gen_ai.response.service_tier',
  );
  return tier === null || tier === 'auto' ? null : tier;
}
