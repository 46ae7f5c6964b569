import { createHash } from 'node:crypto';
import type { ReportedTotals, SessionDocument } from '@tracepost/contracts';
import { estimateMessage } from '../building/estimate.ts';
import { sortedJson } from '../building/tool-arguments.ts';
import { type Fields, fieldsOf, isFields, listOf, textOf } from '../building/values.ts';
import { contentText } from '../chat/content-text.ts';
import { providerOf } from '../chat/litellm-model.ts';
import { callIdByPlace, SessionEntries } from '../entries/session-entries.ts';
import type { LeaveOut, ReadingContext } from '../format-reader.ts';
import type { ElementTaker } from '../json/read-elements.ts';
import type { Step } from '../json/selectors.ts';
import { actionOf, failureOf, isProgramsExit } from './actions.ts';
import { outcomeOf, sumOfTotals, totalsOf } from './run-facts.ts';

const PLACES = 1000;

/** An answer of the history that has no observation yet. */
interface Answered {
  readonly place: number;
  readonly text: string;
  readonly action: Action | null;
}

/** A step that the shell was given, as far as is known: the function that it was asked by may be named later. */
interface ShellStep {
  readonly tool: ReturnType<SessionEntries['tool']>;
  readonly command: string;
}

/**
 * Takes a run step by step: an answer of the model, the action in it, what came of that. Demonstrations have no steps, only the
 * conversation: then that is taken for them. A run of several attempts repeats the one that it chose: its attempts are taken, for all were paid.
 */
export class TrajectoryTaker implements ElementTaker {
  readonly #entries: SessionEntries;
  readonly #leaveOut: LeaveOut;
  readonly #skip: ReadingContext['skip'];
  #step: Record<string, unknown> = {};
  /** From 0; null: the run is none of several. */
  #attempt: number | null = null;
  readonly #attempts: ReportedTotals[] = [];
  readonly #functions = new Set<string>();
  readonly #shellSteps: ShellStep[] = [];
  #place = 0;
  #prompts = 0;
  #hasAnswered = false;
  #isOfHistory = false;
  #answered: Answered | null = null;
  #instructionTokens = 0;
  #identity: string | null = null;
  #isEndedAtOnce = false;
  #started: Fields = {};
  #title: string | null = null;
  #info: Fields = {};
  #model: string | null = null;
  readonly #facts: Record<string, string> = {};

  constructor(context: ReadingContext) {
    this.#entries = new SessionEntries(context.texts);
    this.#leaveOut = context.leaveOut;
    this.#skip = context.skip;
  }

  value(way: readonly Step[], value: unknown): void {
    const isOfAttempt = way[0] === 'attempts';
    if (isOfAttempt) this.#attempt = Number(way[1]);
    const [name, , field] = isOfAttempt ? way.slice(2) : way;
    const isRepeated = !isOfAttempt && this.#attempt !== null;
    if (name === 'trajectory' && !isRepeated) this.#step[String(field)] = value;
    else if (name === 'history' && !isRepeated) this.#history(value);
    else if (name === 'info') this.#take(value, isOfAttempt);
    else if (name === 'environment') this.#facts.environment = String(value).slice(0, 200);
    else if (name === 'replay_config') {
      this.#model ??= modelIn(value);
      this.#started = { started: value };
    }
  }

  closed(way: readonly Step[]): void {
    const isStep = way.at(-2) === 'trajectory' && typeof way.at(-1) === 'number';
    const isRepeated = way[0] !== 'attempts' && this.#attempt !== null;
    if (!isStep || isRepeated || this.#isOfHistory) return;
    const { state, ...step } = this.#step;
    this.#step = {};
    const place = this.#place++;
    const answer = textOf(step.response) ?? textOf(step.thought);
    const action = actionOf(textOf(step.action) ?? '');
    if (answer === null && action === null)
      throw new RangeError('it is no step: there is neither an answer nor an action in it');
    this.#isEndedAtOnce ||= this.#identity === null && isProgramsExit(answer ?? '', textOf(step.action) ?? '');
    this.#identity ??= hashOf(step);
    const written = action && { ...action, text: String(step.action) };
    this.#write({
      place,
      answer: answer ?? '',
      action: written,
      observed: step.observation,
      isRun: isRun(step, state),
    });
  }

  finish(): SessionDocument[] {
    this.#observed(undefined);
    if (this.#identity === null) {
      this.#skip(1, 'there is no step in it');
      return [];
    }
    // All that end so at once look the same.
    if (this.#isEndedAtOnce) this.#identity = hashOf({ step: this.#identity, title: this.#title, ...this.#started });
    for (const { tool, command } of this.#shellSteps) {
      const [, first = ''] = /^([\w-]+)/.exec(command) ?? [];
      if (this.#functions.has(first)) tool.name = first;
    }
    const model = this.#model;
    const document = this.#entries.document({
      sessionId: `swe-agent-${this.#identity}`,
      format: 'swe-agent',
      agentId: 'swe-agent',
      title: this.#title,
      outcome: outcomeOf(this.#info),
      facts: this.#facts,
      reportedTotals: totalsOf(this.#info, NOT_AGAIN) ?? sumOfTotals(this.#attempts),
    });
    const instructionTokens = this.#instructionTokens;
    const calls = document.calls.map((call) => ({
      ...call,
      model,
      provider: providerOf(model),
      ...(instructionTokens > 0 ? { instructionTokens } : {}),
    }));
    return [{ ...document, calls }];
  }

  /** What cannot be in it is told with the place where it stands. */
  #take(value: unknown, isOfAttempt: boolean): void {
    const info = fieldsOf(value);
    const totals = totalsOf(info, this.#leaveOut);
    if (isOfAttempt && totals) this.#attempts.push(totals);
    this.#info = isOfAttempt ? { exit_status: info.exit_status } : info;
  }

  #write({ place, answer, action, observed, isRun }: Written): void {
    const entries = this.#entries;
    const isAnswered = !isProgramsExit(answer, action?.text ?? '');
    const at = { sequence: (place + 1) * PLACES, subagent: this.#attempt ? `attempt-${this.#attempt + 1}` : null };
    const callId = isAnswered ? callIdByPlace(place) : null;
    if (callId !== null) {
      entries.call({ callId, ...at });
      // Asked by functions, the model puts its action beside the words; otherwise into them.
      const toolTexts = action && !answer.includes(action.text.trim()) ? [action.name + action.text] : [];
      entries.message({ messageId: `step-${place}`, role: 'assistant', text: answer, ...at, callId, toolTexts });
    }
    if (action === null) return;
    const toolCallId = `step-${place}`;
    const { name, arguments: given } = action;
    const tool = entries.tool({ toolCallId, name, arguments: given, callId, ...at, sequence: at.sequence + 1 });
    if (name === 'bash') this.#shellSteps.push({ tool, command: action.text.trim() });
    if (!isRun) {
      entries.result(tool, { text: '', status: 'refused' });
      return;
    }
    if (typeof observed !== 'string') return;
    const failure = failureOf(observed);
    entries.result(tool, {
      text: observed,
      status: failure ? 'failed' : 'ok',
      error: failure && entries.error(failure.type, observed),
    });
    const messageId = `step-${place}:observation`;
    const sequence = at.sequence + 2;
    entries.message({ messageId, role: 'tool', text: observed, ...at, sequence, callId, toolCallId });
  }

  /** Where there are steps the conversation repeats them; new in it is the task. */
  #history(value: unknown): void {
    if (!isFields(value)) throw new RangeError('it is no message of the history');
    if (this.#attempt) {
      this.#named(value);
      return;
    }
    const isInstruction = value.role === 'system' || value.is_demo === true || value.message_type === 'demonstration';
    if (isInstruction) this.#instructionTokens += estimateMessage({ texts: [contentText(value.content)], model: null });
    if (isInstruction) return;
    if (value.role === 'assistant') this.#answeredIn(value);
    else if (this.#hasAnswered) this.#observed(contentText(value.content));
    if (value.role !== 'user' || this.#hasAnswered) return;
    const text = contentText(value.content);
    this.#title ??= text.trim().slice(0, 200);
    this.#entries.message({ messageId: `task-${this.#prompts}`, role: 'user', text, sequence: this.#prompts++ });
  }

  /** The functions that the model called, by whose names some of the commands go. */
  #named(message: Fields): void {
    const name = textOf(fieldsOf(fieldsOf(listOf(message.tool_calls)[0]).function).name);
    if (name !== null && name.length <= 100) this.#functions.add(name);
  }

  #answeredIn(message: Fields): void {
    this.#observed(undefined);
    this.#hasAnswered = true;
    this.#named(message);
    if (this.#place > 0 && !this.#isOfHistory) return;
    this.#isOfHistory = true;
    this.#identity ??= hashOf(message);
    const text = contentText(message.content) || (textOf(message.thought) ?? '');
    this.#answered = { place: this.#place++, text, action: actionIn(message) };
  }

  #observed(observation: string | undefined): void {
    const answered = this.#answered;
    this.#answered = null;
    if (!answered) return;
    const { place, text: answer, action } = answered;
    this.#write({ place, answer, action, observed: observation, isRun: true });
  }
}

/** They were told already, where they were read. */
const NOT_AGAIN: LeaveOut = () => undefined;

/** An action that is not allowed, or no shell could take, stands there as it was asked for: it took no time and saw no state. */
function isRun({ observation, execution_time }: Fields, state: unknown): boolean {
  return observation !== '' || execution_time !== 0 || !isFields(state) || Object.keys(state).length > 0;
}

/** What the run was started with: an object, or, from version 1 on, the same as JSON in a text. */
function modelIn(started: unknown): string | null {
  const { agent } = fieldsOf(typeof started === 'string' ? parsed(started) : started);
  const { model, agent_configs } = fieldsOf(agent);
  return textOf(fieldsOf(model ?? fieldsOf(listOf(agent_configs)[0]).model).name);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** As it was written down, else the function that was called. */
function actionIn(message: Fields): Action | null {
  const asked = fieldsOf(fieldsOf(listOf(message.tool_calls)[0]).function);
  const written = textOf(message.action);
  const action = actionOf(written ?? '');
  if (action !== null) return { ...action, text: written ?? '' };
  const name = textOf(asked.name);
  if (name === null) return null;
  const text = typeof asked.arguments === 'string' ? asked.arguments : JSON.stringify(asked.arguments ?? {});
  return { name, arguments: text, text };
}

interface Written {
  readonly place: number;
  readonly answer: string;
  readonly action: Action | null;
  readonly observed: unknown;
  readonly isRun: boolean;
}

interface Action {
  readonly name: string;
  /** Members of an object, or JSON text. */
  readonly arguments: Readonly<Record<string, string>> | string;
  readonly text: string;
}

/** These files do not say which run they are of: its first step does, with the time that its action took. */
function hashOf(step: Fields): string {
  return createHash('sha256').update(sortedJson(step)).digest('hex').slice(0, 16);
}
