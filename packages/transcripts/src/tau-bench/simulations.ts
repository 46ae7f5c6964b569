import type { SessionDocument, SessionOutcome } from '@tracepost/contracts';
import { readUsage } from '@tracepost/pricing';
import { type Fields, fieldsOf, idOf, isFields, listOf, textOf, timeOf } from '../building/values.ts';
import { type ChatMessage, ChatSession } from '../chat/chat-session.ts';
import { completionCall } from '../chat/completion-call.ts';
import { contentText } from '../chat/content-text.ts';
import { providerOf } from '../chat/litellm-model.ts';
import { reportedUsd } from '../chat/usd-text.ts';
import type { ReadingContext } from '../format-reader.ts';
import type { ElementTaker } from '../json/read-elements.ts';
import type { Step } from '../json/selectors.ts';
import { isWholeReward, judgeResult } from './result-judge.ts';

/** What is asked for of a run. Of one by voice the first moment is enough to know it. */
const RUN = ['id', 'task_id', 'trial', 'reward_info', 'termination_reason', 'agent_cost', 'ticks.0', 'messages.*'];

/** What is asked for of a results file: who answered, and each run with its messages. A run in a file of its own is all of that file. */
export const SIMULATIONS: readonly string[] = [
  'info.agent_info.llm',
  'info.environment_info.domain_name',
  'simulation_index',
  ...RUN,
  ...RUN.map((name) => `simulations.*.${name}`),
];

interface Run {
  readonly fields: Record<string, unknown>;
  readonly chat: ChatSession;
  place: number;
  title: string | null;
  lastAtMs: number | null;
  hasUsage: boolean;
}

/** Takes the results of the benchmark's second version: runs with ids of their own, and answers that tell what they used. */
export class SimulationsTaker implements ElementTaker {
  readonly #context: ReadingContext;
  readonly #documents: SessionDocument[] = [];
  #run: Run | null = null;
  #model: string | null = null;
  #domain: string | null = null;
  #isIndex = false;
  #hasRuns = false;

  constructor(context: ReadingContext) {
    this.#context = context;
  }

  value(way: readonly Step[], value: unknown): void {
    const [part] = way;
    if (part === 'info') {
      if (way.at(-1) === 'llm') this.#model = textOf(value);
      else this.#domain = textOf(value);
      return;
    }
    if (part === 'simulation_index') {
      this.#isIndex = Array.isArray(value) && value.length > 0;
      return;
    }
    const [index, name] = part === 'simulations' ? way.slice(1) : [0, part];
    this.#run ??= this.#begin();
    if (name === 'messages') this.#told(this.#run, value, Number(index) + 1);
    else this.#run.fields[String(name)] = value;
  }

  closed(way: readonly Step[]): void {
    if (way.length === 2 && way[0] === 'simulations') this.#ended(Number(way[1]) + 1);
  }

  #ended(number: number): void {
    const run = this.#run;
    this.#run = null;
    const id = idOf(run?.fields.id);
    if (run === null || id === null) throw new RangeError('it is no run: there is no id');
    this.#hasRuns = true;
    if (run.place === 0 && run.fields.ticks !== undefined)
      this.#context.skip(number, 'it is a conversation by voice, of which only the outcome and the cost are read');
    this.#documents.push(this.#document(run, id));
  }

  take(): SessionDocument[] {
    return this.#documents.splice(0);
  }

  finish(): SessionDocument[] {
    if (this.#run !== null && idOf(this.#run.fields.id) !== null) this.#ended(1);
    if (this.#isIndex && !this.#hasRuns)
      this.#context.skip(
        1,
        'its runs lie in files of their own, in the folder `simulations` beside it: these can be read',
      );
    return this.take();
  }

  #begin(): Run {
    const chat = new ChatSession({ texts: this.#context.texts, judge: judgeResult });
    return { fields: {}, chat, place: 0, title: null, lastAtMs: null, hasUsage: false };
  }

  /** Results of several tools can stand together in one. */
  #told(run: Run, message: unknown, number: number): void {
    const together = listOf(fieldsOf(message).tool_messages);
    for (const one of together.length > 0 ? together : [message]) this.#message(run, one, number);
  }

  #message(run: Run, message: unknown, number: number): void {
    const place = run.place++;
    this.#context.begin(number, `message ${place + 1} of its messages: `);
    try {
      if (!isFields(message)) throw new RangeError('it is no object');
      const atMs = timeOf(message.timestamp);
      const { lastAtMs } = run;
      run.lastAtMs = atMs ?? lastAtMs;
      // The user, too, is a model here and has tools of its own; those are no part of what the agent did.
      if (isOfUsersTools(message)) return;
      if (message.role === 'user') run.title ??= contentText(message.content).trim().slice(0, 200) || null;
      run.chat.add({ message, place, atMs, ...this.#callOf(run, message, { place, lastAtMs, atMs }) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#context.skip(number, `message ${place + 1} of its messages: ${reason}`);
    }
  }

  /** An answer without usage, where others have it, is a greeting or another that nobody was asked for. */
  #callOf(run: Run, message: Fields, { place, lastAtMs, atMs }: Moment): Pick<ChatMessage, 'call'> {
    if (message.role !== 'assistant') return {};
    const raw = fieldsOf(message.raw_data);
    const model = textOf(raw.model) ?? this.#model;
    const provider = providerOf(this.#model ?? model);
    const usage = readUsage(provider, raw.usage) === null ? (message.usage ?? raw.usage) : raw.usage;
    if (!isFields(usage) && (place === 0 || run.hasUsage)) return { call: null };
    run.hasUsage ||= isFields(usage);
    const { callId, ...told } = completionCall({ ...raw, usage }, provider, this.#context.leaveOut);
    // Kept is the whole answer, its only choice, or the same in its provider's own words.
    const stopReason = told.stopReason ?? textOf(raw.finish_reason) ?? textOf(raw.stop_reason);
    const askedAtMs = lastAtMs !== null && atMs !== null && lastAtMs <= atMs ? lastAtMs : null;
    const reportedCostUsd = reportedUsd(message.cost, this.#context.leaveOut);
    const call = { ...told, stopReason, model, provider, askedAtMs, reportedCostUsd };
    return { call: callId === null ? call : { ...call, callId } };
  }

  #document({ fields, chat, title }: Run, id: string): SessionDocument {
    const hasCost = chat.entries.calls.some(({ reportedCostUsd }) => reportedCostUsd !== null);
    const costUsd = hasCost ? null : reportedUsd(fields.agent_cost, this.#context.leaveOut);
    return chat.entries.document({
      ...(costUsd === null ? {} : { reportedTotals: { modelCalls: null, usage: null, costUsd } }),
      sessionId: `tau2-bench-${id}`,
      format: 'tau-bench',
      agentId: 'tau2-bench',
      title,
      outcome: outcomeOf(fields),
      facts: {
        task: String(fields.task_id).slice(0, 100),
        trial: String(fields.trial ?? 0).slice(0, 20),
        ...(this.#domain === null ? {} : { domain: this.#domain.slice(0, 100) }),
      },
    });
  }
}

interface Moment {
  readonly place: number;
  readonly lastAtMs: number | null;
  readonly atMs: number | null;
}

function isOfUsersTools({ role, requestor, content, tool_calls }: Fields): boolean {
  if (role === 'tool') return requestor === 'user';
  return role === 'user' && textOf(content) === null && listOf(tool_calls).length > 0;
}

/** A run that broke off was not judged. */
function outcomeOf({ reward_info, termination_reason }: Fields): SessionOutcome | null {
  const { reward } = fieldsOf(reward_info);
  if (typeof reward === 'number' && Number.isFinite(reward))
    return { succeeded: isWholeReward(reward), detail: `reward ${reward}` };
  const reason = textOf(termination_reason);
  return reason === null ? null : { succeeded: null, detail: reason.slice(0, 200) };
}
