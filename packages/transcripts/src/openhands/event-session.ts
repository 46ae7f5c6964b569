import { createHash } from 'node:crypto';
import type { ReportedTotals, SessionDocument, SessionOutcome, SessionToolCall } from '@tracepost/contracts';
import { estimateMessage } from '../building/estimate.ts';
import { joinTotals } from '../building/join-totals.ts';
import { withRest } from '../building/rest-of-totals.ts';
import { sortedJson } from '../building/tool-arguments.ts';
import { ToolIds } from '../building/tool-ids.ts';
import { type Fields, fieldsOf, isFields, textOf } from '../building/values.ts';
import { providerOf } from '../chat/litellm-model.ts';
import { type CallEntry, SessionEntries, type ToolEntry, type ToolResult } from '../entries/session-entries.ts';
import type { LeaveOut, ReadingContext } from '../format-reader.ts';
import { named } from './named-calls.ts';
import { takeNewEvent } from './new-events.ts';
import { takeOldEvent } from './old-events.ts';
import { statsOf } from './stats.ts';

const PLACES = 1000;

/** What is told of a whole session, besides its events. */
interface About {
  /** Null: its first event tells which session it is. */
  readonly sessionId?: string | null;
  readonly title?: string | null;
  readonly outcome?: SessionOutcome | null;
  readonly facts?: Readonly<Record<string, string>>;
  /** Whom the session asked, where a call does not say; null or absent: it is not told. */
  readonly model?: string | null;
}

/** An event, and what it needs to know of those before it. */
export interface EventPlace {
  readonly sequence: number;
  readonly atMs: number | null;
  /** When the event before was written, if it was not later. */
  readonly askedAtMs: number | null;
}

type OpenTool = ReturnType<SessionEntries['tool']>;

/**
 * Puts a session together from its events: actions of the agent, observations of what came of them, messages. One answer of the model can
 * ask for several actions, and is one call and one message all the same.
 */
export class EventSession {
  readonly entries: SessionEntries;
  readonly toolIds = new ToolIds();
  readonly #calls = new Map<string, CallEntry>();
  /** Ids of calls that the program counted one by one, in its order. */
  readonly #counted = new Set<string>();
  readonly #answers = new Map<string, { estimatedTokens: number }>();
  readonly #tools = new Map<string, OpenTool>();
  #identity: string | null = null;
  #title: string | null = null;
  #lastAtMs: number | null = null;
  #totals: ReportedTotals | null = null;
  #outcome: SessionOutcome | null = null;

  /** Of the event under way: its usage, where that cannot be. */
  readonly leaveOut: LeaveOut;
  readonly #hasAllEvents: boolean;

  /** `hasAllEvents`: sums of the whole session are taken from them; of single events they would be counted beside the calls of others. */
  constructor({ texts, leaveOut }: ReadingContext, options: { readonly hasAllEvents: boolean }) {
    this.entries = new SessionEntries(texts);
    this.leaveOut = leaveOut;
    this.#hasAllEvents = options.hasAllEvents;
  }

  get isEmpty(): boolean {
    return this.#identity === null;
  }

  /** Throws `RangeError` when the event cannot be read. `place` is where it stands among the others. */
  add(value: unknown, place: number): void {
    if (!isFields(value)) throw new RangeError('it is no event');
    const at = { sequence: place * PLACES, askedAtMs: this.#lastAtMs };
    const atMs = typeof value.kind === 'string' ? takeNewEvent(this, value, at) : takeOldEvent(this, value, at);
    this.#identity ??= hashOf(value);
    if (atMs !== null) this.#lastAtMs = Math.max(atMs, this.#lastAtMs ?? atMs);
  }

  /** What the program counted: calls one by one where it has them, else their sum. It stands beside what an event tells, and takes nothing of that away. */
  stats(value: unknown): void {
    try {
      const { calls, totals } = statsOf(value, this.leaveOut);
      for (const call of calls) {
        this.call(call);
        this.#counted.add(call.callId);
      }
      if (this.#hasAllEvents) this.#totals = joinTotals(this.#totals, totals);
    } catch (error) {
      this.leaveOut(error instanceof Error ? error.message : String(error));
    }
  }

  /** Several events tell of one call: what each knows is kept. */
  call(entry: CallEntry): void {
    const known = this.#calls.get(entry.callId);
    const sequence = known?.sequence || entry.sequence;
    // Times belong together: those of the first action that came of the answer.
    const times = typeof known?.atMs === 'number' ? { atMs: known.atMs, askedAtMs: known.askedAtMs ?? null } : {};
    this.#calls.set(entry.callId, {
      ...entry,
      ...known,
      ...told(entry),
      ...(known && told(known)),
      ...times,
      sequence,
    });
  }

  /** `besides` was paid too: what the model thought, the tool that it asked for. Of an answer that asks for several, each event brings its own. */
  answer(callId: string, text: string, at: EventPlace, besides: readonly string[] = []): void {
    const known = this.#answers.get(callId);
    if (known) {
      known.estimatedTokens += estimateMessage({ texts: besides, model: null });
      return;
    }
    this.entries.message({ messageId: `answer-${callId}`, role: 'assistant', text, ...at, callId, toolTexts: besides });
    const message = this.entries.messages.at(-1);
    if (message) this.#answers.set(callId, message);
  }

  /** How it stands with the session, in the program's own words; null: it goes on. */
  ended(outcome: SessionOutcome | null): void {
    this.#outcome = outcome;
  }

  user(messageId: string, text: string, at: EventPlace): void {
    this.#title ??= text.trim().slice(0, 200);
    this.entries.message({ messageId, role: 'user', text, ...at });
  }

  tool(entry: ToolEntry): OpenTool {
    const tool = this.#tools.get(entry.toolCallId) ?? this.entries.tool(entry);
    this.#tools.set(entry.toolCallId, tool);
    return tool;
  }

  result(tool: OpenTool, result: ToolResult, at: EventPlace): void {
    if (tool.status !== 'pending') return;
    this.entries.result(tool, { ...result, endedAtMs: at.atMs });
    const { toolCallId, callId } = tool as SessionToolCall;
    const messageId = `${toolCallId}:result`;
    this.entries.message({ messageId, role: 'tool', text: result.text, ...at, callId, toolCallId });
  }

  document(about: About = {}): SessionDocument {
    const calls = named([...this.#calls.values()], [...this.#counted]);
    for (const call of withModels(calls, about.model ?? null)) this.entries.call(call);
    const totals = this.#totals;
    const all = totals && { usage: totals.usage, costUsd: totals.costUsd };
    return this.entries.document({
      sessionId: about.sessionId ?? `openhands-${this.#identity}`,
      format: 'openhands',
      agentId: 'openhands',
      title: about.title ?? this.#title,
      outcome: about.outcome ?? this.#outcome,
      facts: about.facts ?? {},
      reportedTotals: totals && all && withRest({ ...totals, all }, this.entries.calls),
    });
  }
}

/** A call that does not say whom it asked has asked whom the one before it did: what comes later changes nothing of that. */
function withModels(calls: readonly CallEntry[], first: string | null): CallEntry[] {
  let model = first;
  return [...calls]
    .sort((one, other) => one.sequence - other.sequence)
    .map((call) => {
      model = call.model ?? model;
      return call.model || model === null ? call : { ...call, model, provider: providerOf(model) };
    });
}

function told<T extends object>(entry: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(entry).filter(([, value]) => value !== null && value !== undefined),
  ) as Partial<T>;
}

/** The first event has an id, a time to the microsecond, and what was said: no other session has the same. */
function hashOf(event: Fields): string {
  const { id, timestamp, source, content } = event;
  const said = textOf(content) ?? fieldsOf(event.args).content ?? fieldsOf(event.llm_message).content ?? null;
  const identity = sortedJson([id ?? null, timestamp ?? null, source ?? null, said]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 16);
}
