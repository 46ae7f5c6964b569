import type { TokenUsage } from './token-usage.ts';

export const TRANSCRIPT_FORMATS = [
  'claude-code',
  'codex',
  'gemini-cli',
  'pi',
  'swe-agent',
  'openhands',
  'tau-bench',
  'otel',
] as const;
export type TranscriptFormat = (typeof TRANSCRIPT_FORMATS)[number];

/**
 * What an agent did in one session, in one shape for every format: entries under their own ids, so that two documents of the
 * same session can be united in any order, again and again, with the same result.
 */
export interface SessionDocument {
  readonly sessionId: string;
  readonly format: TranscriptFormat;
  /** Whose session it is: `claude-code`, `codex`, an agent of ours, … */
  readonly agentId: string;
  /** The session that began this one (a fork, a subagent with a session of its own). */
  readonly parentSessionId: string | null;
  readonly title: string | null;
  /** What the transcript itself says of how it went (a benchmark's reward, an exit status); null: it does not say. */
  readonly outcome: SessionOutcome | null;
  /** Other things worth keeping (working folder, version of the program, …); short texts. */
  readonly facts: Readonly<Record<string, string>>;
  /** When each of the facts, the `title` and the `outcome` was written, where that is known: of two, the later title and outcome count, the earlier fact. */
  readonly factTimes?: Readonly<Record<string, number>>;
  /** Times of entries that are no messages but may have been answered by one: what `askedBy` is looked up in, besides messages and their parts. */
  readonly times?: Readonly<Record<string, number>>;
  readonly messages: readonly SessionMessage[];
  readonly calls: readonly SessionModelCall[];
  readonly tools: readonly SessionToolCall[];
  /** Where the program summed up what was said, and the model was given the summary in its place from then on; absent: the transcript tells of none. */
  readonly compactions?: readonly SessionCompaction[];
  /** What the transcript says of the whole session and not call by call; absent or null: nothing. */
  readonly reportedTotals?: ReportedTotals | null;
  /** Of a session that was read from spans: what it takes to unite it with more of them. Nobody else looks at it. */
  readonly telemetry?: SessionTelemetry;
}

/**
 * Spans come in pieces and in any order, and which of them count can only be said of all together: a span that sums up others is known as
 * such once one of these is there.
 */
export interface SessionTelemetry {
  readonly spans: readonly SessionSpan[];
  /** Calls that another one speaks for (a wrapper's, beside the call itself), each with its span. They count nowhere. */
  readonly calls: readonly { readonly span: string; readonly call: SessionModelCall }[];
  /** What the span of each run of a tool tells, and calls of tools as they were before they were joined with that. */
  readonly tools: readonly SessionToolCall[];
  /** What was said in the spans of the calls above, and in those that count in other words. */
  readonly messages: readonly SessionMessage[];
  /** Ids that were given here to calls of tools whose own come again (`call_1`); absent: none. */
  readonly named?: readonly string[];
  /** What the spans of calls tell of their usage that count here with what a span around them tells apart; absent: none. */
  readonly bare?: readonly BareUsage[];
}

/** By its span. */
export interface BareUsage extends Pick<SessionModelCall, 'usage' | 'rawUsage'> {
  readonly span: string;
}

/** One span, as far as it says how entries hang together. */
export interface SessionSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly kind: 'model' | 'agent' | 'tool' | 'other';
  readonly name: string;
  readonly service: string;
  /** Which agent it names. */
  readonly agent: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly callId: string | null;
  /** As the span of a tool says which call it runs; null: it does not. */
  readonly toolCallId: string | null;
  /** What was said in it. */
  readonly messageIds: readonly string[];
}

/** Counters that only grow while a session goes on: of two versions of one session the larger is the later. */
export interface ReportedTotals {
  readonly modelCalls: number | null;
  /** Of calls that have no usage of their own. */
  readonly usage: TokenUsage | null;
  /** US dollars as decimal text, of calls that have no reported cost of their own. */
  readonly costUsd: string | null;
  /** Tokens out of all calls together, those with a usage of their own included, where some of these are partial. */
  readonly output?: number | null;
  /** Of all calls, those that tell of themselves included: what is above is what these leave of it. Absent: it is not known. */
  readonly all?: Pick<ReportedTotals, 'usage' | 'costUsd'>;
}

export interface SessionOutcome {
  readonly succeeded: boolean | null;
  /** In the transcript's own words or number. */
  readonly detail: string | null;
}

/** Entries are in order of time, then `sequence`, then id; an entry without a time stands where its `sequence` puts it. */
interface SessionEntry {
  /** Milliseconds since 1970; null: the transcript does not say. */
  readonly atMs: number | null;
  /** Tells entries of the same time (or of none) apart, in the order in which they were written. */
  readonly sequence: number;
  /** Which agent inside the session: null the main one, else the subagent's id. */
  readonly subagent: string | null;
}

/** What was said before it in its line (main agent, subagent) is not sent again after it. */
export interface SessionCompaction extends SessionEntry {
  readonly compactionId: string;
  /** What the model was given last before it, as the program counted; null: it does not say. */
  readonly beforeTokens: number | null;
  /** Of the summary, by the house's estimator; null: the transcript does not hold it. */
  readonly summaryTokens: number | null;
}

/** A user, assistant or tool-result entry. A turn of the assistant that was written in several lines is one. */
export interface SessionMessage extends SessionEntry {
  readonly messageId: string;
  readonly role: 'user' | 'assistant' | 'tool';
  /** Its beginning, at most 4,096 characters. */
  readonly text: string;
  /** Of the whole. */
  readonly characters: number;
  /** By the house's estimator, of the whole text and the arguments of its tool calls; what is used where no usage was reported. */
  readonly estimatedTokens: number;
  /** The call that it answers or is the answer of. */
  readonly callId: string | null;
  /** Of a tool result. */
  readonly toolCallId: string | null;
  /** False: the turn was cut off (interrupted, aborted, refused). */
  readonly isComplete: boolean;
  /** The message, or the part of one, that this entry says was cut off. */
  readonly cutsOff?: string | null;
  /** Of a turn that is written in several lines: what each of them gave, so that lines which lie in two files can be put together. */
  readonly parts?: readonly SessionMessagePart[];
}

/** One line of a message; the pieces of all parts, joined by line breaks, are its text. */
export interface SessionMessagePart {
  readonly partId: string;
  readonly atMs: number | null;
  readonly sequence: number;
  /** How many characters of the message's text are this part's. */
  readonly kept: number;
  readonly characters: number;
  readonly estimatedTokens: number;
}

/** One call of a model. */
export interface SessionModelCall extends SessionEntry {
  /** The provider's id of the answer where there is one: the same call in two files has the same. */
  readonly callId: string;
  /** In the words of `gen_ai.provider.name`; null: unknown. */
  readonly provider: string | null;
  /** As the transcript says it. */
  readonly model: string | null;
  /** When it was asked; null: not known. `atMs` is when the answer was complete. */
  readonly askedAtMs: number | null;
  /** The entry whose time that is. */
  readonly askedBy?: string | null;
  /** When the first part of the answer was written. */
  readonly beganAtMs?: number | null;
  readonly status: 'ok' | 'failed' | 'aborted';
  readonly error: SessionError | null;
  readonly stopReason: string | null;
  /** As the provider reported it; null: it did not. */
  readonly usage: TokenUsage | null;
  /** Its output was counted while the answer was still being written: it is at least that. */
  readonly isPartial?: true;
  /** The provider's own words, as JSON text; null: none. */
  readonly rawUsage: string | null;
  /** Attempts inside this call on other models that its own usage leaves out (`usage.iterations`). */
  readonly besides: readonly { readonly model: string; readonly usage: TokenUsage }[];
  /** US dollars as the transcript says, as decimal text; null: it does not say. */
  readonly reportedCostUsd: string | null;
  /** `standard`, `batch`, `priority`, …, where it changes the price. */
  readonly serviceTier: string | null;
  /** Of the model, in tokens, where the transcript tells. */
  readonly contextWindow: number | null;
  /** By the house's estimator: what the model was given besides the messages (instructions, descriptions of tools), where the transcript has it. */
  readonly instructionTokens?: number | null;
}

/** One call of a tool. */
export interface SessionToolCall extends SessionEntry {
  readonly toolCallId: string;
  readonly name: string;
  /** The model call that asked for it. */
  readonly callId: string | null;
  /** `atMs` is when it was issued; these where they are recorded. */
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** `refused`: it did not run (by the will of the user, a hook or a rule, or with another call), which is no failure of the tool. `pending`: no result is known. */
  readonly status: 'ok' | 'failed' | 'refused' | 'pending';
  /** JSON text where it is one; its beginning, at most 2,048 characters. */
  readonly arguments: string;
  /** SHA-256 (hex, 16 digits) of the whole arguments, keys sorted: equal arguments, equal hash. */
  readonly argumentsHash: string;
  readonly argumentBytes: number;
  readonly argumentCount: number;
  readonly resultBytes: number | null;
  /** Its beginning, at most 2,048 characters; null: no result is known. */
  readonly result: string | null;
  readonly error: SessionError | null;
}

export interface SessionError {
  /** A status code or an error type, where structure tells it: `429`, `rate_limit_error`, `exit_code_1`; null: only text does. */
  readonly type: string | null;
  /** At most 500 characters; of a longer one the beginning and the last lines, with a line of `…` between them. */
  readonly message: string;
}

/** A line or entry that could not be read, or not the usage in it, and why; everything around that was. */
export interface SkippedLine {
  /** From 1; of a file that is not made of lines, the entry. */
  readonly line: number;
  readonly reason: string;
}
