import { reportedUsage } from '../building/usage.ts';
import { type Fields, fieldsOf, idOf } from '../building/values.ts';
import type { Place } from './session.ts';
import type { CodexState } from './state.ts';

/** The context was summed up by a call of its own. */
export function takeCompacted(state: CodexState, compacted: Fields, place: Place): void {
  const callId = idOf(compacted.compaction_response_id);
  if (callId === null || state.draft.callOf(callId)) return;
  const latest = fieldsOf(compacted.latest_token_usage_record);
  if (latest.response_id === callId) state.records.keep(latest, place);
  const record = state.records.of(callId);
  if (!record || record.callId !== null || !state.counts.isUncounted(record.usage)) return;
  const reported = reportedUsage(state.session.provider ?? 'openai', record.usage, state.leaveOut);
  if (reported.usage === null) return;
  state.records.settle(callId, callId);
  state.counts.told(record.usage, callId);
  state.session.beside({ callId, reported, contextWindow: null, serviceTier: null }, record.place);
}
