import type { SessionDocument, SessionOutcome } from '@tracepost/contracts';
import { type Fields, fieldsOf, idOf, isFields, listOf, textOf, timeOf } from '../building/values.ts';
import { type ChatMessage, ChatSession } from '../chat/chat-session.ts';
import { completionCall } from '../chat/completion-call.ts';
import { contentText } from '../chat/content-text.ts';
import { providerOf } from '../chat/litellm-model.ts';
import { usdText } from '../chat/usd-text.ts';
import type { ReadingContext } from '../format-reader.ts';
import type { ElementTaker } from '../json/read-elements.ts';
import type { Step } from '../json/selectors.ts';
import { judgeResult } from './result-judge.ts';

/** What is asked for of a results file: who answered, and each run with its messages. */
export const SIMULATIONS: readonly string[] = [
  'info.agent_info.llm',
  'info.environment_info.domain_name',
  ...['id', 'task_id', 'trial', 'reward_info', 'termination_reason', 'messages.*'].map(
    (name) => `simulations.*.${name}`,
  ),
];

interface Run {
  readonly fields: Record<string, unknown>;
  readonly chat: ChatSession;
  place: number;
  title: string | null;
  lastAtMs: number | null;
}

/** Takes the results of the benchmark's second version: runs with ids of their own, and answers that tell what they used. */
export class SimulationsTaker implements ElementTaker {
  readonly #context: ReadingContext;
  readonly #documents: SessionDocument[] = [];
  #run: Run | null = null;
  #model: string | null = null;
  #domain: string | null = null;

  constructor(context: ReadingContext) {
    this.#context = context;
  }

  value([part, index, name]: readonly Step[], value: unknown): void {
    if (part === 'info') {
      if (name === 'llm') this.#model = textOf(value);
      else this.#domain = textOf(value);
      return;
    }
    this.#run ??= this.#begin();
    if (name === 'messages') this.#message(this.#run, value, Number(index) + 1);
    else this.#run.fields[String(name)] = value;
  }

  closed(way: readonly Step[]): void {
    if (way.length !== 2 || way[0] !== 'simulations') return;
    const run = this.#run;
    this.#run = null;
    const id = idOf(run?.fields.id);
    if (run === null || id === null) throw new RangeError('it is no run: there is no id');
    this.#documents.push(this.#document(run, id));
  }

  take(): SessionDocument[] {
    return this.#documents.splice(0);
  }

  finish(): SessionDocument[] {
    return this.take();
  }

  #begin(): Run {
    const chat = new ChatSession({ texts: this.#context.texts, judge: judgeResult });
    return { fields: {}, chat, place: 0, title: null, lastAtMs: null };
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
      run.chat.add({ message, place, atMs, ...this.#callOf(message, lastAtMs, atMs) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#context.skip(number, `message ${place + 1} of its messages: ${reason}`);
    }
  }

  /** An answer without usage is a greeting that nobody was asked for. */
  #callOf(message: Fields, lastAtMs: number | null, atMs: number | null): Pick<ChatMessage, 'call'> {
    if (message.role !== 'assistant') return {};
    const raw = fieldsOf(message.raw_data);
    const usage = raw.usage ?? message.usage;
    if (!isFields(usage)) return { call: null };
    const model = textOf(raw.model) ?? this.#model;
    const provider = providerOf(this.#model ?? model);
    const { callId, ...told } = completionCall({ ...raw, usage }, provider, this.#context.leaveOut);
    const askedAtMs = lastAtMs !== null && atMs !== null && lastAtMs <= atMs ? lastAtMs : null;
    const reportedCostUsd = usdText(message.cost);
    return { call: { ...told, ...(callId === null ? {} : { callId }), model, provider, askedAtMs, reportedCostUsd } };
  }

  #document({ fields, chat, title }: Run, id: string): SessionDocument {
    return chat.entries.document({
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

function isOfUsersTools({ role, requestor, content, tool_calls }: Fields): boolean {
  if (role === 'tool') return requestor === 'user';
  return role === 'user' && textOf(content) === null && listOf(tool_calls).length > 0;
}

/** A run that broke off was not judged. */
function outcomeOf({ reward_info, termination_reason }: Fields): SessionOutcome | null {
  const { reward } = fieldsOf(reward_info);
  if (typeof reward === 'number' && Number.isFinite(reward))
    return { succeeded: reward === 1, detail: `reward ${reward}` };
  const reason = textOf(termination_reason);
  return reason === null ? null : { succeeded: null, detail: reason.slice(0, 200) };
}
