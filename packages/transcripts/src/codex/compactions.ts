import { reportedUsage } from '../building/usage.ts';
import { type Fields, fieldsOf, idOf, isFields } from '../building/values.ts';
import type { Place } from './session.ts';
import type { CodexState } from './state.ts';

interface UsageRecord {
  readonly usage: Fields;
  readonly place: Place;
}

/** A compaction tells its answer right after the record of that answer. */
const MOST_RECORDS = 16;

/**
 * Newer builds write a record for the answer to each call, beside the count of its tokens, which says the same and more. Only a compaction that
 * the provider makes has a record and, mostly, no count.
 */
export class Compactions {
  readonly #records = new Map<string, UsageRecord>();

  record({ response_id, usage }: Fields, place: Place): void {
    const id = idOf(response_id);
    if (id === null || !isFields(usage)) return;
    this.#records.set(id, { usage, place });
    const [oldest] = this.#records.keys();
    if (this.#records.size > MOST_RECORDS && oldest !== undefined) this.#records.delete(oldest);
  }

  of(responseId: string): UsageRecord | undefined {
    return this.#records.get(responseId);
  }
}

/** The context was summed up by a call of its own. */
export function takeCompacted(state: CodexState, compacted: Fields, place: Place): void {
  const callId = idOf(compacted.compaction_response_id);
  if (callId === null || state.draft.callOf(callId)) return;
  const latest = fieldsOf(compacted.latest_token_usage_record);
  if (latest.response_id === callId) state.compactions.record(latest, place);
  const record = state.compactions.of(callId);
  if (!record || !state.counts.isUncounted(record.usage)) return;
  const reported = reportedUsage(state.session.provider ?? 'openai', record.usage, state.leaveOut);
  if (reported.usage === null) return;
  state.session.beside({ callId, reported, contextWindow: null, serviceTier: null }, record.place);
}
