import { reportedUsage } from '../building/usage.ts';
import { type Fields, idOf, isFields } from '../building/values.ts';
import type { Place } from './session.ts';
import type { CodexState } from './state.ts';

interface UsageRecord {
  readonly usage: Fields;
  readonly place: Place;
  /** The call that it was of; null: not known yet. */
  callId: string | null;
}

/** A compaction tells its answer right after the record of that answer. */
const MOST_RECORDS = 16;
/** A line that comes once more tells nothing: of so many records that is known. */
const MOST_SEEN = 50_000;

/**
 * Newer builds write a record as soon as an answer has ended, and the count of its tokens only when the tools that it called have. A call that
 * is no answer in the conversation (a compaction, a judge of what is asked) has a record and, mostly, no count.
 */
export class UsageRecords {
  readonly #records = new Map<string, UsageRecord>();
  readonly #seen = new Set<string>();
  #waiting: string | null = null;

  keep({ response_id, usage }: Fields, place: Place): string | null {
    const id = idOf(response_id);
    if (id === null || !isFields(usage) || this.#seen.has(id)) return null;
    if (this.#seen.size < MOST_SEEN) this.#seen.add(id);
    this.#records.set(id, { usage, place, callId: null });
    const [oldest] = this.#records.keys();
    if (this.#records.size > MOST_RECORDS && oldest !== undefined) this.#records.delete(oldest);
    return id;
  }

  of(responseId: string): UsageRecord | undefined {
    return this.#records.get(responseId);
  }

  /** Nothing of this answer has been seen: what comes next may tell what it was. */
  wait(responseId: string): void {
    this.#waiting = responseId;
  }

  /** What the record was of is known. */
  settle(responseId: string, callId: string): void {
    const record = this.#records.get(responseId);
    if (record) record.callId = callId;
    if (this.#waiting === responseId) this.#waiting = null;
  }

  /** The one that waits, which waits no more. */
  takeWaiting(): string | null {
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }
}

export function takeUsageRecord(state: CodexState, payload: Fields, place: Place): void {
  const { draft, session, origin, counts, records } = state;
  const responseId = records.keep(payload, place);
  const record = responseId === null ? undefined : records.of(responseId);
  if (responseId === null || !record) return;
  closeRecords(state);
  if (!counts.isUncounted(record.usage)) return;
  if (!session.isAnswering) {
    records.wait(responseId);
    counts.told(record.usage, responseId);
    return;
  }
  const { key, isFirst } = counts.expected(record.usage);
  const callId = `${origin.of(draft.sessionId, isFirst, place.atMs)}:${key}`;
  records.settle(responseId, callId);
  counts.told(record.usage, callId);
  counts.goOn(record.usage, callId);
  if (draft.callOf(callId)) return;
  const reported = reportedUsage(session.provider ?? 'openai', record.usage, state.leaveOut);
  session.counted({ callId, reported, contextWindow: null, serviceTier: null }, place);
}

/** Of the last record nothing more was told: it is a call beside the conversation. */
export function closeRecords({ draft, session, records, leaveOut }: CodexState): void {
  const callId = records.takeWaiting();
  const record = callId === null ? undefined : records.of(callId);
  if (callId === null || !record || draft.callOf(callId)) return;
  const reported = reportedUsage(session.provider ?? 'openai', record.usage, leaveOut);
  if (reported.usage !== null) {
    session.beside({ callId, reported, contextWindow: null, serviceTier: null }, record.place);
  }
}
