import { createHash } from 'node:crypto';
import type { SessionDocument } from '@tracepost/contracts';
import { estimateMessage } from '../building/estimate.ts';
import { sortedJson } from '../building/tool-arguments.ts';
import { type Fields, fieldsOf, isFields, listOf, textOf } from '../building/values.ts';
import { contentText } from '../chat/content-text.ts';
import { providerOf } from '../chat/litellm-model.ts';
import { callIdByPlace, SessionEntries } from '../entries/session-entries.ts';
import type { ReadingContext } from '../format-reader.ts';
import type { ElementTaker } from '../json/read-elements.ts';
import type { Step } from '../json/selectors.ts';
import { actionOf, failureOf } from './actions.ts';
import { outcomeOf, totalsOf } from './run-facts.ts';

const PLACES = 1000;

/** An answer of the history that has no observation yet. */
interface Answered {
  readonly place: number;
  readonly text: string;
  readonly action: Action | null;
}

/**
 * Takes a run step by step: an answer of the model, the action in it, what came of that. Demonstrations have no steps, only the
 * conversation: then that is taken for them.
 */
export class TrajectoryTaker implements ElementTaker {
  readonly #entries: SessionEntries;
  #step: Record<string, unknown> = {};
  #place = 0;
  #prompts = 0;
  #hasAnswered = false;
  #isOfHistory = false;
  #answered: Answered | null = null;
  #instructionTokens = 0;
  #identity: string | null = null;
  #title: string | null = null;
  #info: Fields = {};
  #model: string | null = null;
  readonly #facts: Record<string, string> = {};

  constructor(context: ReadingContext) {
    this.#entries = new SessionEntries(context.texts);
  }

  value([name, , field]: readonly Step[], value: unknown): void {
    if (name === 'trajectory') this.#step[String(field)] = value;
    else if (name === 'history') this.#history(value);
    else if (name === 'info') this.#take(value);
    else if (name === 'environment') this.#facts.environment = String(value).slice(0, 200);
    else if (name === 'replay_config') this.#model = modelIn(value);
  }

  closed(way: readonly Step[]): void {
    if (way[0] !== 'trajectory' || way.length !== 2 || this.#isOfHistory) return;
    const step = this.#step;
    this.#step = {};
    const place = this.#place++;
    const answer = textOf(step.response) ?? textOf(step.thought);
    const action = actionOf(textOf(step.action) ?? '');
    if (answer === null && action === null)
      throw new RangeError('it is no step: there is neither an answer nor an action in it');
    this.#identity ??= hashOf(step);
    this.#write(place, answer ?? '', action && { ...action, text: String(step.action) }, step.observation);
  }

  finish(): SessionDocument[] {
    this.#observed(undefined);
    if (this.#identity === null) return [];
    const model = this.#model;
    const document = this.#entries.document({
      sessionId: `swe-agent-${this.#identity}`,
      format: 'swe-agent',
      agentId: 'swe-agent',
      title: this.#title,
      outcome: outcomeOf(this.#info),
      facts: this.#facts,
      reportedTotals: totalsOf(this.#info),
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

  #take(value: unknown): void {
    const info = fieldsOf(value);
    // How the run ended is true also where its numbers cannot be, which are told with the place where they stand.
    this.#info = { ...info, model_stats: null };
    totalsOf(info);
    this.#info = info;
  }

  #write(place: number, answer: string, action: Action | null, observed: unknown): void {
    const entries = this.#entries;
    const sequence = (place + 1) * PLACES;
    const callId = callIdByPlace(place);
    entries.call({ callId, sequence });
    // Asked by functions, the model puts its action beside the words; otherwise into them.
    const toolTexts = action && !answer.includes(action.text.trim()) ? [action.name + action.text] : [];
    entries.message({ messageId: `step-${place}`, role: 'assistant', text: answer, sequence, callId, toolTexts });
    if (action === null) return;
    const toolCallId = `step-${place}`;
    const tool = entries.tool({
      toolCallId,
      name: action.name,
      arguments: action.arguments,
      callId,
      sequence: sequence + 1,
    });
    if (typeof observed !== 'string') return;
    const failure = failureOf(observed);
    entries.result(tool, {
      text: observed,
      status: failure ? 'failed' : 'ok',
      error: failure && entries.error(failure.type, observed),
    });
    const messageId = `step-${place}:observation`;
    entries.message({ messageId, role: 'tool', text: observed, sequence: sequence + 2, callId, toolCallId });
  }

  /** Where there are steps the conversation repeats them; new in it is the task. */
  #history(value: unknown): void {
    if (!isFields(value)) throw new RangeError('it is no message of the history');
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

  #answeredIn(message: Fields): void {
    this.#observed(undefined);
    this.#hasAnswered = true;
    if (this.#place > 0 && !this.#isOfHistory) return;
    this.#isOfHistory = true;
    this.#identity ??= hashOf(message);
    const text = contentText(message.content) || (textOf(message.thought) ?? '');
    this.#answered = { place: this.#place++, text, action: actionIn(message) };
  }

  #observed(observation: string | undefined): void {
    const answered = this.#answered;
    this.#answered = null;
    if (answered) this.#write(answered.place, answered.text, answered.action, observation);
  }
}

/** What the run was started with: an object, or, from version 1 on, the same as JSON in a text. */
function modelIn(started: unknown): string | null {
  const config = typeof started === 'string' ? parsed(started) : started;
  return textOf(fieldsOf(fieldsOf(fieldsOf(config).agent).model).name);
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
