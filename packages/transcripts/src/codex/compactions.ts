import { derivedId } from '../building/derived-id.ts';
import { contentTexts, estimateMessage } from '../building/estimate.ts';
import { reportedUsage } from '../building/usage.ts';
import { type Fields, fieldsOf, idOf, listOf, textOf } from '../building/values.ts';
import type { Place } from './session.ts';
import type { CodexState } from './state.ts';

/** What was said until now was summed up, in newer builds by a call of its own. */
export function takeCompacted(state: CodexState, compacted: Fields, place: Place): void {
  if (!state.origin.isBefore(place.atMs)) takeSummary(state, compacted, place);
  takeCallOf(state, compacted, place);
}

/** The summary, or all that the model is given in the place of what was said. */
function takeSummary({ draft, session }: CodexState, compacted: Fields, { atMs, sequence }: Place): void {
  const message = textOf(compacted.message) ?? '';
  const history = listOf(compacted.replacement_history).flatMap((item) => contentTexts(fieldsOf(item).content));
  const texts = history.length > 0 ? history : [message];
  draft.compaction({
    compactionId: derivedId('compaction', draft.sessionId, atMs, message),
    atMs,
    sequence,
    subagent: null,
    beforeTokens: null,
    summaryTokens: texts.join('') === '' ? null : estimateMessage({ texts, model: session.model ?? 'gpt' }),
  });
}

function takeCallOf(state: CodexState, compacted: Fields, place: Place): void {
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
