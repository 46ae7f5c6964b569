import type { SessionModelCall } from '@tracepost/contracts';
import { NO_TOKENS } from '@tracepost/contracts/token-usage';
import { derivedId } from '../building/derived-id.ts';
import type { DocumentDraft } from '../building/document-draft.ts';
import { estimateMessage } from '../building/estimate.ts';
import type { TextBudget } from '../building/text-budget.ts';
import { argumentFields } from '../building/tool-arguments.ts';
import { toolEntry } from '../building/tool-entry.ts';
import { isUnique, type ToolIds } from '../building/tool-ids.ts';
import type { ReportedUsage } from '../building/usage.ts';
import type { ToolOutcome, ToolOutput } from './tool-output.ts';
import { type Place, type Turn, turnMessage, UncountedTurns } from './turn.ts';

export type { Place } from './turn.ts';

/** What a piece of an answer weighs besides its words. */
interface AnswerPart {
  readonly id: string | null;
  readonly thoughts?: readonly string[];
  /** Of thoughts that nobody can read. */
  readonly hiddenTokens?: number;
  readonly tool?: { readonly name: string; readonly input: unknown };
}

interface ToolEvent {
  readonly startedAtMs: number | null;
  readonly atMs: number | null;
}

export interface ScriptCall {
  readonly name: string;
  readonly input: unknown;
  readonly outcome: ToolOutcome;
  readonly text: string;
  readonly startedAtMs: number | null;
}

/** The program tells of a tool's end in an event and in its output, one right after the other. */
const TOLD_WITHIN_MS = 1000;

export interface Counted {
  readonly callId: string;
  readonly reported: ReportedUsage;
  readonly contextWindow: number | null;
  /** Where the count itself says how it was served. */
  readonly serviceTier: string | null;
}

/**
 * One session while its lines come. Answers are gathered until the count of their tokens comes, which is the only line
 * that says that a call of the model ended there.
 */
export class CodexSession {
  readonly toolIds: ToolIds;
  readonly #draft: DocumentDraft;
  readonly #texts: TextBudget;
  #turn: Turn | null = null;
  readonly #uncounted = new UncountedTurns();
  #turnsOver = 0;
  #askedAtMs: number | null = null;
  model: string | null = null;
  provider: string | null = null;
  threadTier: string | null = null;
  /** Overrules that of the thread. */
  turnTier: string | null = null;
  /** Whether what the user asked is being worked on; null: of a build that does not say. */
  isAtWork: boolean | null = null;
  /** What the latest call of this turn failed with; null: none has. */
  latestFailure: string | null = null;
  /** Calls before the line that names the model: they are given the first that is named. */
  #withoutModel: string[] = [];
  /** The call that started a process, by the process. */
  readonly #running = new Map<string, string>();
  /** The process that a call asks about, by the call. */
  readonly #asksAbout = new Map<string, string>();
  /** The latest call that runs a script of the model. */
  #script: string | null = null;

  constructor(draft: DocumentDraft, texts: TextBudget) {
    this.#draft = draft;
    this.toolIds = draft.toolIds;
    this.#texts = texts;
  }

  /** Something that the next answer can be an answer to. */
  asked(atMs: number | null): void {
    this.#askedAtMs = atMs ?? this.#askedAtMs;
  }

  named(model: string | null): void {
    if (model === null) return;
    this.model = model;
    for (const callId of this.#withoutModel) {
      const call = this.#draft.callOf(callId);
      if (call) this.#draft.call({ ...call, model });
    }
    this.#withoutModel = [];
  }

  userMessage(parts: readonly string[], id: string | null, { atMs, sequence }: Place): void {
    const text = parts.join('\n');
    this.#draft.message({
      messageId: id ?? derivedId('user', atMs, text),
      role: 'user',
      atMs,
      sequence,
      subagent: null,
      text: this.#texts.message(text),
      characters: text.length,
      estimatedTokens: estimateMessage({ texts: parts, model: this.model ?? 'gpt' }),
      callId: null,
      toolCallId: null,
      isComplete: true,
    });
    this.asked(atMs);
  }

  /** A piece of an answer: words, thoughts, or a call of a tool. */
  answer(text: string, other: AnswerPart, place: Place): void {
    const { atMs, sequence } = place;
    const { thoughts = [], hiddenTokens = 0, tool } = other;
    const partId = other.id ?? derivedId('answer', atMs, text, ...thoughts);
    if (this.#turn?.isOver) this.#leave();
    this.#turn ??= {
      messageId: partId,
      askedAtMs: this.#askedAtMs,
      beganAtMs: atMs,
      place,
      toolCallIds: [],
      endedAtMs: atMs,
      isOver: false,
      hasFailed: false,
    };
    this.#turn.hasFailed = false;
    this.#turn.endedAtMs = atMs ?? this.#turn.endedAtMs;
    const kept = this.#texts.message(text);
    const readable = { texts: [text, ...thoughts], tools: tool ? [tool] : [], model: this.model ?? 'gpt' };
    const estimatedTokens = hiddenTokens + estimateMessage(readable);
    this.#draft.message({
      ...turnMessage(this.#turn, null),
      atMs,
      sequence,
      text: kept,
      characters: text.length,
      estimatedTokens,
      parts: [{ partId, atMs, sequence, kept: kept.length, characters: text.length, estimatedTokens }],
    });
  }

  toolCall(toolCallId: string, name: string, value: unknown, { atMs, sequence }: Place): void {
    this.#turn?.toolCallIds.push(toolCallId);
    this.#draft.tool({
      ...toolEntry(toolCallId),
      name,
      atMs,
      sequence,
      ...argumentFields(value, this.#texts),
    });
  }

  toolResult(toolCallId: string, output: ToolOutput, { atMs, sequence }: Place): void {
    const { text, runningProcess } = output;
    this.#draft.message({
      messageId: `${toolCallId}:result`,
      role: 'tool',
      atMs,
      sequence,
      subagent: null,
      text: this.#texts.message(text),
      characters: text.length,
      estimatedTokens: estimateMessage({ texts: [text], model: this.model ?? 'gpt' }),
      callId: null,
      toolCallId,
      isComplete: true,
    });
    const known = this.#draft.toolOf(toolCallId);
    // How it ended may have been told already, and better than the output tells it.
    const isTold = known !== undefined && known.status !== 'pending' && output.outcome.status === 'ok';
    this.#draft.tool({
      ...toolEntry(toolCallId),
      ...(isTold ? { status: known.status, error: known.error } : output.outcome),
      startedAtMs: known?.startedAtMs ?? null,
      endedAtMs: atMs,
      resultBytes: Buffer.byteLength(text),
      result: this.#texts.tool(text),
    });
    if (runningProcess !== null && !this.#asksAbout.has(toolCallId)) this.#running.set(runningProcess, toolCallId);
    if (this.#turn?.toolCallIds.includes(toolCallId)) this.#over(this.#turn);
    this.asked(atMs);
  }

  /** The call runs a script, which may call tools of its own. */
  script(toolCallId: string): void {
    this.#script = toolCallId;
  }

  /** A tool that the script under way has called and that has ended; false: there is no script, or the call is known otherwise. */
  calledByScript(given: string, call: ScriptCall, place: Place): boolean {
    const script = this.#script;
    if (script === null || this.#draft.toolOf(this.toolIds.latest(given))) return false;
    const { name, input, outcome, text, startedAtMs } = call;
    const { atMs } = place;
    if (this.#turn?.toolCallIds.includes(script)) this.#turn.toolCallIds.push(given);
    this.#draft.tool({
      ...toolEntry(given),
      name,
      atMs: startedAtMs ?? atMs,
      sequence: place.sequence,
      callId: this.#draft.toolOf(script)?.callId ?? null,
      ...argumentFields(input, this.#texts),
      ...outcome,
      startedAtMs,
      endedAtMs: atMs,
      resultBytes: Buffer.byteLength(text),
      result: this.#texts.tool(text),
    });
    return true;
  }

  /** A tool that the provider ran while it answered: it was over when it was told. */
  served(toolCallId: string, isOk: boolean, { atMs }: Place): void {
    const error = isOk ? null : { type: null, message: 'the provider could not run it' };
    this.#draft.tool({ ...toolEntry(toolCallId), status: isOk ? 'ok' : 'failed', error, endedAtMs: atMs });
  }

  /** The call asks what a process does that another call has started. */
  asksAbout(toolCallId: string, processId: string): void {
    this.#asksAbout.set(toolCallId, processId);
  }

  /** The call that started the process which this one asks about; undefined: this one asks about none. */
  starterFor(toolCallId: string): string | null | undefined {
    const processId = this.#asksAbout.get(toolCallId);
    return processId === undefined ? undefined : (this.#running.get(processId) ?? null);
  }

  /** What an event tells of the call with this id besides its output: how it ended, when it began. */
  toolEnd(given: string, outcome: ToolOutcome, { startedAtMs, atMs }: ToolEvent): void {
    const toolCallId = this.toolIds.latest(given);
    const { endedAtMs } = this.#draft.toolOf(toolCallId) ?? {};
    // An id that comes again, of a call whose own line is damaged: the one before it was over.
    const isOfAnother = endedAtMs && atMs !== null && atMs > endedAtMs + TOLD_WITHIN_MS && !isUnique(given);
    if (!isOfAnother) this.processEnd(toolCallId, outcome, startedAtMs);
  }

  /** How the work of a call ended that another one asked about. */
  processEnd(toolCallId: string, { status, error }: ToolOutcome, startedAtMs: number | null): void {
    const known = this.#draft.toolOf(toolCallId) ?? toolEntry(toolCallId);
    const isTold = status === 'ok' && known.status !== 'pending';
    this.#draft.tool({
      ...known,
      ...(isTold ? {} : { status, error }),
      startedAtMs: startedAtMs ?? known.startedAtMs,
    });
  }

  /** The count of an answer: the turn ends here. */
  counted({ callId, reported, contextWindow, serviceTier }: Counted, { atMs, sequence }: Place): void {
    const turn = this.#turn;
    this.#uncounted.end();
    this.#draft.call({
      ...this.#call(callId),
      // Some builds count an answer only when the tools that it called have ended.
      atMs: (turn?.isOver ? turn.endedAtMs : null) ?? atMs,
      sequence,
      askedAtMs: turn ? turn.askedAtMs : this.#askedAtMs,
      beganAtMs: turn?.beganAtMs ?? null,
      ...reported,
      contextWindow,
      ...(serviceTier === null ? {} : { serviceTier }),
    });
    this.#endTurn(callId, true);
  }

  /** A call that is no answer to what is said in the session. */
  beside({ callId, reported }: Counted, { atMs, sequence }: Place): void {
    this.#draft.call({ ...this.#call(callId), atMs, sequence, ...reported });
    if (this.model === null) this.#withoutModel.push(callId);
  }

  /** An answer that nobody counted: cut off, or of a version that counted none. Nothing happens when none is under way. */
  uncounted(status: 'ok' | 'aborted', idOfCall: (turnId: string) => string, atMs: number | null): void {
    if (!this.#turn) return;
    const { askedAtMs, beganAtMs, messageId, place } = this.#turn;
    const callId = idOfCall(messageId);
    this.#draft.call({ ...this.#call(callId), atMs, sequence: place.sequence, askedAtMs, beganAtMs, status });
    this.#endTurn(callId, status === 'ok');
  }

  /** Whether pieces of an answer have come that nobody has counted, and none of its tools has given back. */
  get isAnswering(): boolean {
    return this.#turn !== null && !this.#turn.isOver;
  }

  /** Ends a turn of which no more will be told. */
  drop(): void {
    this.#leave();
    this.#turnsOver++;
  }

  /** What was being answered never came to its end. */
  breakOff(): void {
    if (this.#turn) this.#turn.hasFailed = true;
  }

  #leave(): void {
    const turn = this.#turn;
    this.#turn = null;
    if (turn && !turn.hasFailed) this.#uncounted.add(turn, this.model);
  }

  /**
   * Whether what the assistant gives is taken for an answer without its count. One that is under way may be counted yet; where a build does not
   * say whether it is, so may the first.
   */
  get isTaken(): boolean {
    return !(this.isAtWork ?? this.#uncounted.all.length === 0);
  }

  /** Of a session in which nothing was counted: what the assistant gave were answers all the same. */
  closeUncounted(idOfCall: (turnId: string) => string): void {
    if (this.isTaken) this.#leave();
    for (const { turn, model } of this.#uncounted.all) {
      const { askedAtMs, beganAtMs, endedAtMs, messageId, place } = turn;
      const callId = idOfCall(messageId);
      const call = { ...this.#call(callId), model: model ?? this.model, sequence: place.sequence };
      this.#draft.call({ ...call, atMs: endedAtMs, askedAtMs, beganAtMs });
      this.#join(turn, callId, true);
    }
  }

  /** Told apart from every other turn of this reading, also before its first piece has come. */
  get turnKey(): string {
    return `turn ${this.#turnsOver}`;
  }

  #over(turn: Turn): void {
    turn.isOver = true;
    this.#turnsOver++;
  }

  #endTurn(callId: string, isComplete: boolean): void {
    if (this.model === null) this.#withoutModel.push(callId);
    const turn = this.#turn;
    this.#turn = null;
    this.drop();
    if (turn) this.#join(turn, callId, isComplete);
  }

  #join(turn: Turn, callId: string, isComplete: boolean): void {
    this.#draft.message({ ...turnMessage(turn, callId), isComplete });
    for (const toolCallId of turn.toolCallIds) this.#draft.tool({ ...toolEntry(toolCallId), callId });
  }

  failed(callId: string, error: NonNullable<SessionModelCall['error']>, { atMs, sequence }: Place): void {
    if (this.isAnswering && !this.isTaken) this.breakOff();
    this.#draft.call({
      ...this.#call(callId),
      atMs,
      sequence,
      askedAtMs: this.#askedAtMs,
      status: 'failed',
      error,
      // An attempt that was refused used nothing.
      usage: NO_TOKENS,
    });
  }

  #call(callId: string): SessionModelCall {
    return {
      callId,
      atMs: null,
      sequence: 0,
      subagent: null,
      provider: this.provider,
      model: this.model,
      askedAtMs: null,
      status: 'ok',
      error: null,
      stopReason: null,
      usage: null,
      rawUsage: null,
      besides: [],
      reportedCostUsd: null,
      serviceTier: this.turnTier ?? this.threadTier,
      contextWindow: null,
    };
  }
}
