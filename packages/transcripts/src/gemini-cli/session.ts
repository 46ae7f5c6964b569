import type { SessionDocument } from '@tracepost/contracts';
import type { TextBudget } from '../building/text-budget.ts';
import { ToolIds } from '../building/tool-ids.ts';
import { fieldsOf, idOf, isFields, textOf } from '../building/values.ts';
import { SessionEntries } from '../entries/session-entries.ts';
import type { LeaveOut, ReadingContext } from '../format-reader.ts';
import { promptIds } from './prompt-ids.ts';
import { type Recorded, recordedMessage } from './recorded-message.ts';

/** What a line or a file says of the session besides its messages. */
export const ABOUT = ['sessionId', 'projectHash', 'startTime', 'lastUpdated', 'summary', 'kind'] as const;

/** Collects the messages of one session, the later version of each. */
export class GeminiSession {
  readonly #about: Record<string, unknown> = {};
  readonly #filePath: string | null;
  readonly #texts: TextBudget;
  readonly #leaveOut: LeaveOut;
  readonly #messages = new Map<string, Recorded>();
  readonly #toolIds = new ToolIds();

  constructor({ texts, leaveOut, filePath }: Pick<ReadingContext, 'texts' | 'leaveOut' | 'filePath'>) {
    this.#filePath = filePath;
    this.#texts = texts;
    this.#leaveOut = leaveOut;
  }

  /** Takes of these fields what is known of the session. */
  about(value: unknown): void {
    const fields = fieldsOf(value);
    for (const name of ABOUT) {
      if (name === 'sessionId') idOf(fields.sessionId);
      if (fields[name] !== undefined) this.#about[name] = fields[name];
    }
  }

  /** Throws `RangeError` when the message cannot be read; its earlier version stays. */
  put(value: unknown): void {
    if (!isFields(value)) throw new RangeError('it is no message');
    const id = idOf(value.id);
    const key = id ?? `message-${this.#messages.size}`;
    const place = this.#messages.get(key)?.place ?? this.#messages.size;
    const entries = new SessionEntries(this.#texts);
    this.#messages.set(
      key,
      recordedMessage(value, { id, place, entries, toolIds: this.#toolIds, leaveOut: this.#leaveOut }),
    );
  }

  /** Null: there is nothing that says which session it is. */
  document(): SessionDocument | null {
    const { summary, kind, projectHash } = this.#about;
    const sessionId = textOf(this.#about.sessionId);
    if (sessionId === null) return null;
    const facts: Record<string, string> = {};
    if (typeof projectHash === 'string') facts.projectHash = projectHash.slice(0, 100);
    if (typeof kind === 'string') facts.kind = kind.slice(0, 100);
    return this.#joined().document({
      sessionId,
      format: 'gemini-cli',
      agentId: 'gemini-cli',
      parentSessionId: kind === 'subagent' ? parentOf(this.#filePath) : null,
      title: textOf(summary)?.slice(0, 200) ?? null,
      facts,
    });
  }

  /** All messages, each call with the time of what it answers. */
  #joined(): SessionEntries {
    const all = new SessionEntries(this.#texts);
    const promptId = promptIds();
    let askedAtMs: number | null = null;
    for (const { entries, promptHash, endedAtMs } of this.#messages.values()) {
      for (const message of entries.messages) {
        all.messages.push(promptHash === null ? message : { ...message, messageId: promptId(promptHash) });
      }
      for (const call of entries.calls) {
        const isLater = askedAtMs !== null && call.atMs !== null && askedAtMs <= call.atMs;
        all.calls.push({ ...call, askedAtMs: isLater ? askedAtMs : null });
      }
      all.tools.push(...entries.tools);
      askedAtMs = endedAtMs ?? askedAtMs;
    }
    return all;
  }
}

/** A subagent's file says nothing of the session that began it; the folder does, in which it lies: `chats/<session>/<subagent>.jsonl`. */
function parentOf(filePath: string | null): string | null {
  return idOf(/(?:^|[\\/])chats[\\/]([^\\/]+)[\\/][^\\/]+$/.exec(filePath ?? '')?.[1]);
}
