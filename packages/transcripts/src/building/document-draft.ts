import type {
  ReportedTotals,
  SessionCompaction,
  SessionDocument,
  SessionMessage,
  SessionMessagePart,
  SessionModelCall,
  SessionOutcome,
  SessionToolCall,
  TranscriptFormat,
} from '@tracepost/contracts';
import { EntriesById, type EntryKind } from './entries-by-id.ts';
import { joinCalls } from './join-calls.ts';
import { joinCompactions } from './join-compactions.ts';
import { MessageDraft, partOf } from './join-messages.ts';
import { joinTools } from './join-tools.ts';
import { joinTotals } from './join-totals.ts';
import { earlier, known, knownMember } from './known.ts';
import { byText, inOrder } from './order.ts';
import { withRest } from './rest-of-totals.ts';
import { ToolIds } from './tool-ids.ts';
import { type JoinSubagents, subagentsOf } from './whose-entry.ts';

export interface DocumentStart {
  readonly sessionId: string;
  readonly format: TranscriptFormat;
  readonly agentId: string;
}

const FACT_CHARACTERS = 512;
const MOST_FACTS = 64;
/** Times of entries that are no messages; a session has a few thousand. */
const MOST_TIMES = 50_000;
const MOST_COMPACTIONS = 10_000;

/**
 * A session while its entries come, in any order and as often as they like: an entry that comes again is joined with what
 * is there. Reading a file and uniting two documents are the same work, done here, so that both end in the same document.
 */
export class DocumentDraft {
  /** For a reader whose format leaves the ids of tool calls to the providers. */
  readonly toolIds = new ToolIds();
  readonly #start: DocumentStart;
  readonly #joinSubagents: JoinSubagents;
  #parentSessionId: string | null = null;
  #title: string | null = null;
  #outcome: SessionOutcome | null = null;
  #totals: ReportedTotals | null = null;
  readonly #facts = new Map<string, string>();
  readonly #factTimes = new Map<string, number>();
  readonly #times = new Map<string, number>();
  readonly #compactions = new Map<string, SessionCompaction>();
  /** A draft only where there is a second witness: most messages have one, and there may be millions. */
  readonly #messages: EntriesById<SessionMessage, MessageDraft>;
  readonly #calls: EntriesById<SessionModelCall>;
  readonly #tools: EntriesById<SessionToolCall>;

  /** `unpackedEntries`: so many of each kind are held as they are; undefined: as many as people's sessions have. */
  constructor(start: DocumentStart, unpackedEntries?: number) {
    this.#start = start;
    this.#joinSubagents = subagentsOf(start.format);
    this.#messages = new EntriesById(MESSAGES, unpackedEntries);
    this.#calls = new EntriesById(CALLS, unpackedEntries);
    this.#tools = new EntriesById(TOOLS, unpackedEntries);
  }

  get sessionId(): string {
    return this.#start.sessionId;
  }

  get isEmpty(): boolean {
    return this.#messages.size + this.#calls.size + this.#tools.size === 0;
  }

  message(message: SessionMessage): void {
    const before = this.#messages.get(message.messageId);
    if (before instanceof MessageDraft) {
      before.add(message);
      return;
    }
    if (before === undefined) {
      this.#messages.set(message.messageId, message);
      return;
    }
    const draft = new MessageDraft(before, this.#joinSubagents);
    draft.add(message);
    this.#messages.set(message.messageId, draft);
  }

  call(call: SessionModelCall): void {
    const before = this.#calls.get(call.callId);
    this.#calls.set(call.callId, before ? joinCalls(before, call, this.#joinSubagents) : call);
  }

  tool(tool: SessionToolCall): void {
    const before = this.#tools.get(tool.toolCallId);
    this.#tools.set(tool.toolCallId, before ? joinTools(before, tool, this.#joinSubagents) : tool);
  }

  /** As it stands now; for a reader that needs what an earlier line said. */
  toolOf(toolCallId: string): SessionToolCall | undefined {
    return this.#tools.get(toolCallId);
  }

  callOf(callId: string): SessionModelCall | undefined {
    return this.#calls.get(callId);
  }

  partOf(messageId: string, partId: string): SessionMessagePart | undefined {
    const message = this.#messages.get(messageId);
    if (message === undefined) return undefined;
    return message instanceof MessageDraft ? message.partOf(partId) : partOf(message, partId);
  }

  parent(sessionId: string | null): void {
    this.#parentSessionId = known(this.#parentSessionId, sessionId);
  }

  /** The latest counts. */
  title(title: string | null, atMs: number | null): void {
    if (title === null) return;
    const text = title.slice(0, FACT_CHARACTERS);
    const order = this.#compareTime('title', this.#title !== null, atMs);
    this.#title = order === 0 ? known(this.#title, text) : order > 0 ? text : this.#title;
  }

  /** The latest counts. */
  outcome(outcome: SessionOutcome | null, atMs: number | null): void {
    if (outcome === null) return;
    const order = this.#compareTime('outcome', this.#outcome !== null, atMs);
    if (order > 0 || this.#outcome === null) this.#outcome = outcome;
    else if (order === 0) this.#outcome = knownMember(this.#outcome, outcome, () => true);
  }

  totals(totals: ReportedTotals | null): void {
    this.#totals = joinTotals(this.#totals, totals);
  }

  /** The earliest counts: what the session began with. */
  fact(name: string, value: string | null, atMs: number | null): void {
    if (value === null || (this.#facts.size >= MOST_FACTS && !this.#facts.has(name))) return;
    const text = value.slice(0, FACT_CHARACTERS);
    const before = this.#facts.get(name) ?? null;
    const time = this.#factTimes.get(name) ?? null;
    const isNew = before === null || (atMs !== null && (time === null || atMs < time));
    if (isNew) {
      this.#facts.set(name, text);
      if (atMs !== null) this.#factTimes.set(name, atMs);
    } else if (time === atMs) {
      this.#facts.set(name, known(before, text) ?? text);
    }
  }

  /** The time of an entry that is no message. */
  time(id: string, atMs: number): void {
    const before = this.#times.get(id) ?? null;
    if (before === null && this.#times.size >= MOST_TIMES) return;
    this.#times.set(id, earlier(before, atMs) ?? atMs);
  }

  compaction(compaction: SessionCompaction): void {
    const { compactionId } = compaction;
    const before = this.#compactions.get(compactionId);
    if (before === undefined && this.#compactions.size >= MOST_COMPACTIONS) return;
    this.#compactions.set(compactionId, before ? joinCompactions(before, compaction, this.#joinSubagents) : compaction);
  }

  /** Everything that a document says. */
  add(document: SessionDocument): void {
    const factTime = (name: string): number | null => document.factTimes?.[name] ?? null;
    this.parent(document.parentSessionId);
    this.title(document.title, factTime('title'));
    this.outcome(document.outcome, factTime('outcome'));
    this.totals(document.reportedTotals ?? null);
    for (const [name, value] of Object.entries(document.facts)) this.fact(name, value, factTime(name));
    for (const [id, atMs] of Object.entries(document.times ?? {})) this.time(id, atMs);
    for (const compaction of document.compactions ?? []) this.compaction(compaction);
    for (const message of document.messages) this.message(message);
    for (const call of document.calls) this.call(call);
    for (const tool of document.tools) this.tool(tool);
  }

  document(): SessionDocument {
    const cutOff = this.#cutOff();
    const messages = this.#messages.list((message) => finished(message, cutOff));
    const asked = this.#askedTimes(messages);
    const calls = this.#calls.list((call) => {
      const askedAtMs = asked.get(call.callId);
      return askedAtMs === undefined ? call : { ...call, askedAtMs };
    });
    return {
      ...this.#start,
      parentSessionId: this.#parentSessionId,
      title: this.#title,
      outcome: this.#outcome,
      facts: sorted(this.#facts),
      ...(this.#factTimes.size > 0 ? { factTimes: sorted(this.#factTimes) } : {}),
      ...(this.#times.size > 0 ? { times: sorted(this.#times) } : {}),
      ...(this.#compactions.size > 0 ? { compactions: inOrder(this.#compactions.values(), idOfCompaction) } : {}),
      ...(this.#totals === null ? {} : { reportedTotals: withRest(this.#totals, calls) }),
      messages,
      calls,
      tools: this.#tools.list((tool) => tool),
    };
  }

  /** Positive when what comes is newer than what is there; keeps its time then. */
  #compareTime(name: string, isThere: boolean, atMs: number | null): number {
    const before = this.#factTimes.get(name) ?? Number.NEGATIVE_INFINITY;
    const now = atMs ?? Number.NEGATIVE_INFINITY;
    if (atMs !== null && now >= before) this.#factTimes.set(name, atMs);
    if (!isThere) return 1;
    return now > before ? 1 : now < before ? -1 : 0;
  }

  #cutOff(): ReadonlySet<string> {
    const ids = new Set<string>();
    for (const held of this.#messages.all()) {
      const { cutsOff } = held instanceof MessageDraft ? held.message : held;
      if (cutsOff) ids.add(cutsOff);
    }
    return ids;
  }

  /** By call, where the entry that it names as what it answers tells another time than its own lines did. */
  #askedTimes(messages: readonly SessionMessage[]): ReadonlyMap<string, number> {
    const timeOf = this.#timeOf(messages);
    const asked = new Map<string, number>();
    for (const { callId, askedBy, askedAtMs } of this.#calls.all()) {
      const time = askedBy ? timeOf(askedBy) : null;
      if (time !== null && time !== askedAtMs) asked.set(callId, time);
    }
    return asked;
  }

  /** The times of the entries that a call names as what it answers; all others need not be looked up. */
  #timeOf(messages: readonly SessionMessage[]): (id: string) => number | null {
    const times = new Map<string, number | null>();
    for (const { askedBy } of this.#calls.all()) if (askedBy) times.set(askedBy, this.#times.get(askedBy) ?? null);
    if (times.size === 0) return () => null;
    const add = (id: string, atMs: number | null): void => {
      const before = times.get(id);
      if (before !== undefined) times.set(id, earlier(before, atMs));
    };
    for (const { messageId, atMs, parts } of messages) {
      add(messageId, atMs);
      if (parts) for (const part of parts) add(part.partId, part.atMs);
    }
    return (id) => times.get(id) ?? null;
  }
}

const MESSAGES: EntryKind<SessionMessage, MessageDraft> = {
  idOf: ({ messageId }) => messageId,
  rest: (held) => (held instanceof MessageDraft ? held.finish(false) : held),
};
const CALLS: EntryKind<SessionModelCall> = { idOf: ({ callId }) => callId, rest: (call) => call };
const TOOLS: EntryKind<SessionToolCall> = { idOf: ({ toolCallId }) => toolCallId, rest: (tool) => tool };

function finished(held: SessionMessage | MessageDraft, cutOff: ReadonlySet<string>): SessionMessage {
  if (!(held instanceof MessageDraft)) {
    const isCutOff = cutOff.size > 0 && held.isComplete && (cutOff.has(held.messageId) || someCutOff(held, cutOff));
    return isCutOff ? { ...held, isComplete: false } : held;
  }
  const isCutOff =
    cutOff.size > 0 && (cutOff.has(held.message.messageId) || some(held.partIds(), (id) => cutOff.has(id)));
  return held.finish(isCutOff);
}

function someCutOff({ parts = [] }: SessionMessage, cutOff: ReadonlySet<string>): boolean {
  return parts.some(({ partId }) => cutOff.has(partId));
}

function some<T>(values: Iterable<T>, test: (value: T) => boolean): boolean {
  for (const value of values) if (test(value)) return true;
  return false;
}

function idOfCompaction({ compactionId }: SessionCompaction): string {
  return compactionId;
}

function sorted<V>(map: ReadonlyMap<string, V>): Record<string, V> {
  return Object.fromEntries([...map].sort(([one], [other]) => byText(one, other)));
}
