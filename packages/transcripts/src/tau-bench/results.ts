import { createHash, type Hash } from 'node:crypto';
import type { SessionDocument, SessionOutcome } from '@tracepost/contracts';
import { sortedJson } from '../building/tool-arguments.ts';
import { type Fields, fieldsOf, isFields, textOf } from '../building/values.ts';
import { ChatSession } from '../chat/chat-session.ts';
import { providerOf } from '../chat/litellm-model.ts';
import type { ReadingContext } from '../format-reader.ts';
import type { ElementTaker } from '../json/read-elements.ts';
import type { Step } from '../json/selectors.ts';
import { isWholeReward, judgeResult } from './result-judge.ts';
import { WrittenActions } from './written-actions.ts';

interface Run {
  readonly fields: Record<string, unknown>;
  readonly chat: ChatSession;
  readonly hash: Hash;
  readonly written: WrittenActions;
  place: number;
}

/** Takes the runs of a results file one after another. A run that the file ends in is left out: nothing in it says who it is. */
export class TauBenchTaker implements ElementTaker {
  readonly #context: ReadingContext;
  readonly #documents: SessionDocument[] = [];
  readonly #asked: { readonly model: string | null; readonly provider: string | null };
  #run: Run | null = null;

  constructor(context: ReadingContext) {
    this.#context = context;
    const model = modelOfFile(context.fileName);
    this.#asked = { model, provider: providerOf(model) };
  }

  value(way: readonly Step[], value: unknown): void {
    const [index, name] = way;
    this.#run ??= this.#begin();
    const run = this.#run;
    if (name !== 'traj') {
      run.fields[String(name)] = value;
      return;
    }
    const place = run.place++;
    run.hash.update(sortedJson(value)).update('\n');
    try {
      if (!isFields(value)) throw new RangeError('it is no object');
      const message = run.written.inChatShape(value, place);
      run.chat.add({ message, place, ...(message.role === 'assistant' ? { call: this.#asked } : {}) });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#context.skip(Number(index) + 1, `message ${place + 1} of its traj: ${reason}`);
    }
  }

  closed(way: readonly Step[]): void {
    if (way.length !== 1) return;
    const run = this.#run;
    this.#run = null;
    if (run === null || run.fields.task_id === undefined) throw new RangeError('it is no run: there is no task_id');
    this.#documents.push(documentOf(run));
  }

  take(): SessionDocument[] {
    return this.#documents.splice(0);
  }

  finish(): SessionDocument[] {
    return this.take();
  }

  #begin(): Run {
    const chat = new ChatSession({ texts: this.#context.texts, judge: judgeResult });
    return { fields: {}, chat, hash: createHash('sha256'), written: new WrittenActions(), place: 0 };
  }
}

/** The benchmark names its files by how the agent worked, whom it asked, and how warm; inside there is nothing of that. */
function modelOfFile(fileName: string | null): string | null {
  return /^(?:tool-calling|few-shot|react|act)-(.{1,100})-\d\.\d+_range_/.exec(fileName ?? '')?.[1] ?? null;
}

function documentOf({ fields, chat, hash }: Run): SessionDocument {
  const info = fieldsOf(fields.info);
  const task = String(fields.task_id).slice(0, 100);
  const trial = String(fields.trial ?? 0).slice(0, 20);
  // Runs of different models have the same task and trial: what was said tells them apart, wherever the file lies.
  const sessionId = `tau-bench-${task}-${trial}-${hash.digest('hex').slice(0, 16)}`;
  return chat.entries.document({
    sessionId,
    format: 'tau-bench',
    agentId: 'tau-bench',
    title: textOf(fieldsOf(info.task).instruction)?.slice(0, 200) ?? null,
    outcome: outcomeOf(fields.reward, info),
    facts: { task, trial },
  });
}

/** A run that broke has its error in `info` and no reward worth the name. */
function outcomeOf(reward: unknown, info: Fields): SessionOutcome | null {
  const error = textOf(info.error);
  if (error !== null) return { succeeded: false, detail: error.slice(0, 200) };
  if (typeof reward !== 'number' || !Number.isFinite(reward)) return null;
  return { succeeded: isWholeReward(reward), detail: `reward ${reward}` };
}
