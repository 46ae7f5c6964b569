import { createHash } from 'node:crypto';
import type { ReportedTotals, SessionDocument } from '@tracepost/contracts';
import { sortedJson } from '../building/tool-arguments.ts';
import { type Fields, fieldsOf, isFields, listOf, textOf, timeOf } from '../building/values.ts';
import { ChatSession, type ResultJudge } from '../chat/chat-session.ts';
import { completionCall } from '../chat/completion-call.ts';
import { contentText } from '../chat/content-text.ts';
import { providerOf } from '../chat/litellm-model.ts';
import { inChatShape, stopReasonOf } from '../chat/response-message.ts';
import { reportedUsd } from '../chat/usd-text.ts';
import { type CallEntry, callIdByPlace } from '../entries/session-entries.ts';
import type { LeaveOut, ReadingContext } from '../format-reader.ts';
import type { ElementTaker } from '../json/read-elements.ts';
import type { Step } from '../json/selectors.ts';
import { outcomeOf, totalsOf } from './run-facts.ts';

/** Takes a conversation whose answers carry what the model's interface gave, and whose observations the exit code. */
export class MiniTaker implements ElementTaker {
  readonly #chat: ChatSession;
  readonly #skip: ReadingContext['skip'];
  readonly #leaveOut: LeaveOut;
  #place = 0;
  #identity: string | null = null;
  #title: string | null = null;
  #info: Fields = {};
  readonly #facts: Record<string, string> = {};
  /** Ids of the actions of the last answer that have no observation yet. */
  #open: string[] = [];
  #lastAtMs: number | null = null;
  #lastRole: unknown = null;

  constructor(context: ReadingContext) {
    this.#chat = new ChatSession({ texts: context.texts, judge: (text, message) => judge(text, message) });
    this.#skip = context.skip;
    this.#leaveOut = context.leaveOut;
  }

  value([name]: readonly Step[], value: unknown): void {
    if (name === 'messages' || typeof name === 'number') this.#message(value);
    else if (name === 'instance_id') this.#facts.instance = String(value).slice(0, 200);
    else this.#take(fieldsOf(value));
  }

  finish(): SessionDocument[] {
    const failure = failureIn(this.#info);
    // What went wrong after an answer was no fault of the model's.
    if (failure !== null && this.#lastRole !== 'assistant') this.#failed(failure);
    if (this.#identity === null) {
      this.#skip(1, 'there is no answer of a model in it');
      return [];
    }
    const document = this.#chat.entries.document({
      sessionId: `mini-swe-agent-${this.#identity}`,
      format: 'swe-agent',
      agentId: 'mini-swe-agent',
      title: this.#title,
      outcome: outcomeOf(this.#info),
      facts: this.#facts,
    });
    return [{ ...document, reportedTotals: this.#totals(document) }];
  }

  #take(info: Fields): void {
    const version = textOf(info.mini_version);
    if (version !== null) this.#facts.version = version.slice(0, 50);
    totalsOf(info, this.#leaveOut);
    this.#info = info;
  }

  /** The model was asked, and gave no answer. Without any, what the run was started with and why it ended is all that tells which it is. */
  #failed(failure: string): void {
    const { exit_status, config } = this.#info;
    const { entries } = this.#chat;
    const sequence = this.#chat.sequenceOf(this.#place);
    entries.call({
      callId: callIdByPlace(this.#place),
      ...{ sequence, status: 'failed', error: entries.error(textOf(exit_status), failure) },
      ...modelOf(fieldsOf(config).model),
    });
    this.#identity ??= hashOf({ content: [this.#title, exit_status, config, this.#facts.instance ?? null, failure] });
  }

  #message(given: unknown): void {
    const place = this.#place++;
    if (!isFields(given)) throw new RangeError('it is no message');
    if (given.role === 'exit') {
      this.#exit(given);
      return;
    }
    const value = inChatShape(given);
    const extra = fieldsOf(value.extra);
    const atMs = timeOf(extra.timestamp);
    if (value.role === 'user') this.#refused(value, extra);
    if (value.role === 'user' && isProgramsFailure(value, this.#info)) return;
    const message = this.#inOneShape(value, extra, place);
    this.#lastRole = message.role;
    // How version 1 says that a limit is reached.
    if (message.role === 'user' && contentText(message.content) === '' && Object.keys(extra).length === 0) return;
    if (value.role === 'user') this.#title ??= contentText(value.content).trim().slice(0, 200);
    if (value.role === 'assistant') this.#identity ??= hashOf(value);
    const isRejected = value.role === 'user' && isFields(extra.response);
    const call = value.role === 'assistant' || isRejected ? this.#call(extra, atMs) : null;
    if (isRejected) this.#rejected({ callId: callIdByPlace(place), ...call }, place, atMs);
    this.#chat.add({ message, place, atMs, ...(value.role === 'assistant' ? { call } : {}) });
    this.#lastAtMs = atMs ?? this.#lastAtMs;
  }

  /** The model answered otherwise than it was asked to: of its answer there is only what the program said to that, and the call was paid all the same. */
  #rejected(call: Partial<CallEntry> & { readonly callId: string }, place: number, atMs: number | null): void {
    this.#chat.entries.call({ ...call, atMs, sequence: this.#chat.sequenceOf(place) });
  }

  /** Nothing comes after the command that hands the work in: its output is the work. */
  #exit({ content, extra }: Fields): void {
    if (!isSubmitted(fieldsOf(extra).exit_status ?? this.#info.exit_status)) return;
    const open = this.#lastOpen();
    const tool = open.length === 1 ? open[0] : open.find((one) => HANDS_IN.test(one.arguments));
    const endedAtMs = timeOf(fieldsOf(extra).timestamp);
    if (tool) this.#chat.entries.result(tool, { text: contentText(content), status: 'ok', endedAtMs });
  }

  /** The user wanted none of the commands, or stopped them; what was said instead is a message like any other. */
  #refused(message: Fields, { interrupt_type }: Fields): void {
    const isRefusal =
      interrupt_type === 'UserRejection' ||
      interrupt_type === 'UserInterruption' ||
      REFUSED.test(contentText(message.content));
    if (!isRefusal) return;
    for (const tool of this.#lastOpen()) this.#chat.entries.result(tool, { text: '', status: 'refused' });
    this.#open = [];
  }

  /** Calls of the last answer that wait for their results. */
  #lastOpen(): ReturnType<ChatSession['entries']['tool']>[] {
    const tools = this.#chat.entries.tools.slice(-MOST_ASKED).filter(({ status }) => status === 'pending');
    const callId = tools.at(-1)?.callId;
    return tools.filter((tool) => tool.callId === callId);
  }

  /** Without functions the command stands in the answer's text, and its observation is a message of the user. */
  #inOneShape(message: Fields, extra: Fields, place: number): Fields {
    if (message.role === 'assistant') {
      const asked = listOf(message.tool_calls).length > 0 ? [] : commandsOf(message, extra);
      this.#open = asked.map((_, index) => `action-${place}-${index}`);
      if (asked.length === 0) return message;
      const calls = asked.map((command, index) => ({ id: this.#open[index], name: 'bash', arguments: { command } }));
      return { ...message, tool_calls: calls };
    }
    const isOfVersion1 = Object.keys(extra).length === 0;
    if (message.role !== 'user' || !(isObservation(message, extra) || isOfVersion1)) return message;
    const id = this.#open.shift();
    return id === undefined ? message : { ...message, role: 'tool', tool_call_id: id };
  }

  #call(extra: Fields, atMs: number | null): Partial<CallEntry> {
    const response = fieldsOf(extra.response);
    const asked = modelOf(fieldsOf(this.#info.config).model);
    const model = textOf(response.model) ?? asked.model;
    const provider = providerOf(asked.model ?? model);
    const { callId, ...fields } = completionCall(response, provider, this.#leaveOut);
    const askedAtMs = atMs !== null && this.#lastAtMs !== null && this.#lastAtMs <= atMs ? this.#lastAtMs : null;
    return {
      ...fields,
      ...(callId === null ? {} : { callId }),
      stopReason: fields.stopReason ?? stopReasonOf(response),
      model,
      provider,
      askedAtMs,
      reportedCostUsd: reportedUsd(extra.cost, this.#leaveOut),
    };
  }

  /** The sum stands for what single calls do not say. */
  #totals(document: SessionDocument): ReportedTotals | null {
    const totals = totalsOf(this.#info, () => undefined);
    const isCostKnown = document.calls.some((call) => call.reportedCostUsd !== null);
    return totals && { ...totals, costUsd: isCostKnown ? null : totals.costUsd };
  }
}

function modelOf(config: unknown): { readonly model: string | null; readonly provider: string | null } {
  const model = textOf(fieldsOf(config).model_name);
  return { model, provider: providerOf(model) };
}

/** What stopped the program itself; null: nothing did. */
function failureIn({ traceback, exception_str, submission }: Fields): string | null {
  return textOf(traceback) === null ? null : (textOf(exception_str) ?? textOf(submission) ?? '');
}

/** Version 1 says so as if the user did. */
function isProgramsFailure(message: Fields, info: Fields): boolean {
  return failureIn(info) !== null && contentText(message.content) === textOf(info.submission);
}

function commandsOf(message: Fields, extra: Fields): string[] {
  const actions = listOf(extra.actions).map((action) => textOf(fieldsOf(action).command) ?? textOf(action));
  const known = actions.filter((command) => command !== null);
  if (known.length > 0) return known;
  const written = [...contentText(message.content).matchAll(/```(?:bash|mswea_bash_command)\s*\n([\s\S]*?)\n```/g)];
  // Of several it runs none.
  return written.length === 1 ? [written[0]?.[1] ?? ''] : [];
}

/** More than any answer asks for. */
const MOST_ASKED = 100;
/** The first words of the output with which a run ends. */
const HANDS_IN = /(?:MI(?:NI|CRO)_SWE_AGENT|COMPLETE_TASK_AND_SUBMIT)_FINAL_OUTPUT/;
/** How version 1 tells that the user wanted no command to run, or stopped it. */
const REFUSED = /^(?:Commands? not executed\b|Interrupted by user: )/;

function isSubmitted(status: unknown): boolean {
  return typeof status === 'string' && /^submitted$/i.test(status);
}

/** How version 1 tells that a command took too long; later ones name the error. */
const TIMED_OUT = /^\s*The last command <command>[\s\S]{0,20000}<\/command> timed out and has been killed\./;
const RETURN_CODE = /<returncode>\s*(-?\d{1,6})\s*<\/returncode>/;

function isObservation(message: Fields, extra: Fields): boolean {
  if (extra.returncode !== undefined || extra.raw_output !== undefined) return true;
  const text = contentText(message.content);
  return RETURN_CODE.test(text) || TIMED_OUT.test(text);
}

function judge(text: string, message: Fields): ReturnType<ResultJudge> {
  const extra = fieldsOf(message.extra);
  if (extra.exception_info === NOT_RUN) return { status: 'refused' };
  if (extra.exception_type === 'TimeoutExpired' || TIMED_OUT.test(text)) {
    return { status: 'failed', errorType: 'timeout' };
  }
  const told = typeof extra.returncode === 'number' ? extra.returncode : RETURN_CODE.exec(text)?.[1];
  const code = Number(told ?? 0);
  if (textOf(extra.exception_info) !== null) return { status: 'failed' };
  return code === 0 ? { status: 'ok' } : { status: 'failed', errorType: `exit_code_${code}` };
}

/** What the program says of a command that it did not come to, because one before it ended the run. */
const NOT_RUN = 'action was not executed';

/** The first answer says which run it is: it has an id or a time, and words of its own. */
function hashOf(message: Fields): string {
  const { id, created } = fieldsOf(fieldsOf(message.extra).response);
  const { timestamp } = fieldsOf(message.extra);
  const identity = sortedJson([id ?? null, created ?? null, timestamp ?? null, message.content ?? null]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 16);
}
