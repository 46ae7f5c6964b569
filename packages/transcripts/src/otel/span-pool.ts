import type {
  BareUsage,
  SessionDocument,
  SessionMessage,
  SessionModelCall,
  SessionSpan,
  SessionToolCall,
  TranscriptFormat,
} from '@tracepost/contracts';
import { DocumentDraft } from '../building/document-draft.ts';
import { higher, known } from '../building/known.ts';
import { byText, inOrder } from '../building/order.ts';
import { agentsOf } from './agents-of.ts';
import { type CountedCalls, countedCalls } from './counted-calls.ts';
import { fullerUsage, partsOf } from './fuller-usage.ts';
import { joinedTools, mergeTools } from './joined-tools.ts';
import { toldIn } from './own-tool-ids.ts';
import type { SpanDraft } from './span-draft.ts';
import { spanKey } from './span-ids.ts';
import { SpanTree } from './span-tree.ts';
import { spoken } from './spoken.ts';

/**
 * A session while its spans come, in any order and as often as they like. Everything that they say is kept; what of it counts is decided
 * anew each time that the document is asked for, so that a part of the spans and then the rest end in the same document as all at once.
 */
export class SpanPool {
  readonly #spans = new Map<string, SessionSpan>();
  readonly #calls = new Map<string, SessionModelCall>();
  readonly #tools = new Map<string, SessionToolCall>();
  /** Messages, and whatever else a document says that is of no span. */
  readonly #others: DocumentDraft;
  #format: TranscriptFormat = 'otel';
  /** As a document that was not read from spans says. */
  #agentId: string | null = null;

  constructor(sessionId: string) {
    this.#others = new DocumentDraft({ sessionId, format: 'otel', agentId: 'unknown' });
  }

  get isEmpty(): boolean {
    return this.#calls.size + this.#tools.size === 0 && this.#others.isEmpty;
  }

  draft({ span, call, tools, messages }: SpanDraft): void {
    this.#span(span);
    if (call) this.#call(spanKey(span), call);
    for (const tool of tools) this.#tool(tool);
    for (const message of messages) this.#others.message(message);
  }

  /** What was said before in a document that came out of a pool, or of any other. */
  document(document: SessionDocument): void {
    const { telemetry } = document;
    this.#format = known(this.#format, document.format) ?? document.format;
    if (!telemetry) {
      this.#agentId = known(this.#agentId, document.agentId);
      this.#others.add({ ...document, tools: [] });
      for (const tool of document.tools) this.#tool(tool);
      return;
    }
    const counted = new Map(document.calls.map((call) => [call.callId, call]));
    const aside = new Map(telemetry.calls.map(({ span, call }) => [span, call]));
    // Whether these lie in each other can turn out otherwise: it is found out anew, too.
    const bare = new Map(telemetry.bare?.map(({ span, ...told }) => [span, told]));
    const answers = new Map<string, string>();
    for (const span of telemetry.spans) {
      this.#span(span);
      const call = aside.get(spanKey(span)) ?? (span.callId === null ? undefined : counted.get(span.callId));
      if (!call) continue;
      this.#call(spanKey(span), { ...call, ...bare.get(spanKey(span)), subagent: null });
      for (const id of span.messageIds) answers.set(id, call.callId);
    }
    const raw = new Set(telemetry.tools.map(({ toolCallId }) => toolCallId));
    // What has run was made of runs, what is named here of what has an id that comes again, and both are made anew.
    const named = new Set(telemetry.named);
    const asked = document.tools.filter(
      ({ toolCallId, startedAtMs }) => startedAtMs === null && !raw.has(toolCallId) && !named.has(toolCallId),
    );
    const counting = telemetry.spans.filter((span) => span.callId !== null && !aside.has(spanKey(span)));
    const ofSpans = new Set(counting.map(({ callId }) => callId));
    for (const tool of telemetry.tools) this.#tool(tool);
    // Where spans tell whose something is, that is found out anew.
    for (const tool of asked) this.#tool(ofSpans.has(tool.callId) ? { ...tool, subagent: null } : tool);
    const told = new Map([...raw].map((id) => [toldIn(id), id]));
    const said = new Set(telemetry.spans.flatMap(({ messageIds }) => messageIds));
    const messages = [...document.messages, ...telemetry.messages].map((message) => ({
      ...message,
      subagent: said.has(message.messageId) || ofSpans.has(message.callId) ? null : message.subagent,
      callId: message.callId === null ? null : (answers.get(message.messageId) ?? message.callId),
      toolCallId: told.get(message.messageId) ?? message.toolCallId,
    }));
    // What was made of the spans is made anew.
    const { service: _service, traceId: _traceId, ...facts } = document.facts;
    const title = document.factTimes?.title === undefined ? null : document.title;
    const calls = document.calls.filter(({ callId }) => !ofSpans.has(callId));
    const isAlone = calls.length === 0 && messages.every(({ messageId }) => said.has(messageId));
    // Of these spans alone it would have another name: a document that was not read from spans gave it this one.
    if (!isAlone && document.agentId !== agentsOf(new SpanTree(telemetry.spans)).agentId) {
      this.#agentId = known(this.#agentId, document.agentId);
    }
    this.#others.add({ ...document, title, facts, calls, tools: [], messages });
  }

  arranged(): SessionDocument {
    const tree = new SpanTree(this.#spans.values());
    const agents = agentsOf(tree);
    const counting = countedCalls(tree, this.#calls);
    const others = this.#others.document();
    const fuller = fullerUsage(counting, (key) => this.#calls.get(key));
    const { calls, aside } = this.#sorted(tree, {
      counted: counting.counted,
      told: new Set(others.calls.map(({ callId }) => callId)),
      fuller,
    });
    const spokenFor = this.#spokenFor(aside, calls, counting);
    const { tools, raw, own, ranIn } = joinedTools(this.#tools, tree, { spokenFor, inside: counting.inside });
    const said = spoken(others.messages, tree.spans, counting, (key) => this.#calls.get(key));

    const spanOfCall = new Map([...calls.values()].map(({ call, span }) => [call.callId, span]));
    const subagent = (callId: string | null, toolCallId: string | null): string | null => {
      const span = spanOfCall.get(callId ?? '') ?? ranIn.get(toolCallId ?? '');
      return span ? agents.subagentOf(span) : null;
    };
    const placed = <E extends { readonly subagent: string | null; readonly callId: string | null }>(
      entry: E,
      toolCallId: string | null,
    ): E => ({
      ...entry,
      subagent: entry.subagent ?? subagent(entry.callId, toolCallId),
    });
    const named = [...new Set(own.values())].sort(byText);
    const withOwnId = (message: SessionMessage): SessionMessage => ({
      ...message,
      toolCallId: own.get(message.toolCallId ?? '') ?? message.toolCallId,
    });
    const first = tree.spans[0];
    return {
      ...others,
      format: this.#format,
      agentId: this.#agentId ?? agents.agentId,
      title: others.title ?? (tree.spans.find((span) => tree.parentOf(span) === null)?.name || null),
      facts: {
        ...others.facts,
        ...(first?.service ? { service: first.service } : {}),
        ...(first ? { traceId: first.traceId } : {}),
      },
      messages: said.messages.map(withOwnId).map((message) => placed(message, message.toolCallId)),
      calls: inOrder(
        [...others.calls, ...Array.from(calls.values(), ({ call }) => placed(call, null))],
        ({ callId }) => callId,
      ),
      tools: tools.map((tool) => placed(tool, tool.toolCallId)),
      telemetry: {
        spans: tree.spans,
        calls: aside.map(({ key, call }) => ({ span: key, call })),
        tools: raw,
        messages: said.aside.map(withOwnId),
        ...(named.length > 0 ? { named } : {}),
        ...(fuller.size > 0 ? { bare: this.#bareOf(fuller.keys()) } : {}),
      },
    };
  }

  /** The calls that count, each once, and those that another one speaks for. `told`: the ids of those that no span tells. */
  #sorted(
    tree: SpanTree,
    {
      counted,
      told,
      fuller,
    }: {
      readonly counted: ReadonlySet<string>;
      readonly told: ReadonlySet<string>;
      readonly fuller: ReadonlyMap<string, SessionModelCall>;
    },
  ): { calls: ReadonlyMap<string, SpanCall>; aside: readonly SpanCall[] } {
    const calls = new Map<string, SpanCall>();
    const aside: SpanCall[] = [];
    for (const span of tree.spans) {
      const key = spanKey(span);
      const raw = this.#calls.get(key);
      if (!raw) continue;
      const { usage, rawUsage } = fuller.get(key) ?? raw;
      const call = usage === raw.usage ? raw : { ...raw, usage, rawUsage };
      const mine = { key, span, call };
      const same = calls.get(call.callId);
      if (!counted.has(key) || told.has(call.callId)) aside.push(mine);
      else if (!same) calls.set(call.callId, mine);
      else {
        // The same answer was told by two spans that do not lie in each other: of a program and of the gateway that it asks.
        const better = higher(same, mine, ({ call: one }) => [
          one.usage ? 1 : 0,
          one.status === 'ok' ? 1 : 0,
          one.askedAtMs ?? 0,
        ]);
        calls.set(call.callId, better);
        aside.push(better === same ? mine : same);
      }
    }
    return { calls, aside };
  }

  #bareOf(keys: Iterable<string>): BareUsage[] {
    const bare = [...keys].map((span) => {
      const { usage = null, rawUsage = null } = this.#calls.get(span) ?? {};
      return { span, usage, rawUsage };
    });
    return bare.sort((one, other) => byText(one.span, other.span));
  }

  #spokenFor(
    aside: readonly SpanCall[],
    calls: ReadonlyMap<string, SpanCall>,
    { inside }: CountedCalls,
  ): ReadonlyMap<string, string> {
    const spokenFor = new Map<string, string>();
    for (const { key, call } of aside) {
      const inner = (inside.get(key) ?? [])
        .map((one) => this.#calls.get(one)?.callId)
        .findLast((id) => id !== undefined);
      if (inner !== undefined && !calls.has(call.callId)) spokenFor.set(call.callId, inner);
    }
    return spokenFor;
  }

  #span(span: SessionSpan): void {
    const key = spanKey(span);
    const before = this.#spans.get(key);
    // A span that is told of again while it goes on, or with what was said in it: the later telling knows more.
    this.#spans.set(key, before ? higher(before, span, ({ endMs, messageIds }) => [endMs, messageIds.length]) : span);
  }

  #call(key: string, call: SessionModelCall): void {
    const before = this.#calls.get(key);
    this.#calls.set(key, before ? higher(before, call, weight) : call);
  }

  #tool(tool: SessionToolCall): void {
    const before = this.#tools.get(tool.toolCallId);
    this.#tools.set(tool.toolCallId, before ? mergeTools(before, tool) : tool);
  }
}

/** How much is known of a call. */
function weight({ atMs, usage, stopReason, instructionTokens }: SessionModelCall): readonly number[] {
  return [atMs ?? 0, usage ? 1 : 0, stopReason === null ? 0 : 1, instructionTokens ?? 0, usage ? partsOf(usage) : 0];
}

interface SpanCall {
  readonly key: string;
  readonly span: SessionSpan;
  readonly call: SessionModelCall;
}
