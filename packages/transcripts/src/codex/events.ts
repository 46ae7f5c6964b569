import type { SessionError } from '@tracepost/contracts';
import { derivedId } from '../building/derived-id.ts';
import { reportedUsage } from '../building/usage.ts';
import { type Fields, fieldsOf, idOf, isFields, textOf } from '../building/values.ts';
import { takeCompletedItem } from './completed-items.ts';
import { takeThreadSettings } from './meta.ts';
import type { Place } from './session.ts';
import type { CodexState } from './state.ts';
import { beganBefore, declined, outcomeOf } from './tool-end.ts';
import { exitOutcome } from './tool-output.ts';

/** What the program tells besides the conversation. Kinds that say nothing of messages, calls or tools are passed over. */
export function takeEvent(state: CodexState, event: Fields, place: Place): void {
  EVENTS[String(event.type)]?.(state, event, place);
}

type Take = (state: CodexState, event: Fields, place: Place) => void;

const EVENTS: Readonly<Record<string, Take | undefined>> = Object.assign(Object.create(null), {
  token_count: takeTokenCount,
  user_message: ({ session }, _event, { atMs }) => session.asked(atMs),
  task_started: startTurn,
  turn_started: startTurn,
  task_complete: endTurn,
  turn_complete: endTurn,
  turn_aborted: takeAborted,
  exec_command_end: takeCommandEnd,
  patch_apply_end: takePatchEnd,
  mcp_tool_call_end: takeMcpEnd,
  item_completed: takeCompletedItem,
  error: takeError,
  stream_error: takeError,
  thread_name_updated: ({ draft }, event, { atMs }) => draft.title(textOf(event.thread_name), atMs),
  session_configured: ({ session }, event) => session.named(textOf(event.model)),
  thread_settings_applied: takeThreadSettings,
} satisfies Record<string, Take>);

function startTurn({ session }: CodexState, _event: Fields, { atMs }: Place): void {
  // The program was ended over the turn before.
  if (session.isAtWork === true) session.breakOff();
  session.drop();
  session.asked(atMs);
  session.latestFailure = null;
  session.isAtWork = true;
}

/** Newer builds tell only here why a turn did not come to its end; those before told it when it happened, and some of them both. */
function endTurn(state: CodexState, { error }: Fields, place: Place): void {
  if (isFields(error) && failureText(error) !== state.session.latestFailure) takeError(state, error, place);
  state.session.isAtWork = false;
}

/** What was taken for an answer before this line was there stays that one. */
function takeAborted({ draft, session }: CodexState, _event: Fields, { atMs }: Place): void {
  const word = session.isTaken ? 'answer' : 'aborted';
  session.uncounted('aborted', (turnId) => derivedId(word, draft.sessionId, turnId), atMs);
}

function takeTokenCount(state: CodexState, event: Fields, place: Place): void {
  const { draft, session, origin, counts, records, leaveOut } = state;
  if (!isFields(event.info)) return;
  const counted = counts.next(event.info);
  if (!counted) return;
  const { toldAs } = counted;
  const callId = toldAs ?? `${origin.of(draft.sessionId, counted.isFirst, place.atMs)}:${counted.key}`;
  const known = draft.callOf(callId);
  if (known && toldAs === null) return;
  const window = event.info.model_context_window;
  const contextWindow = Number.isSafeInteger(window) ? Number(window) : null;
  const serviceTier = textOf(event.service_tier);
  if (known) {
    // A record came before, and said when the answer had ended.
    draft.call({ ...known, contextWindow, serviceTier: serviceTier ?? known.serviceTier });
    return;
  }
  const toldAt = toldAs === null ? null : records.of(toldAs);
  if (toldAs !== null) records.settle(toldAs, toldAs);
  const reported = reportedUsage(session.provider ?? 'openai', counted.usage, leaveOut);
  session.counted({ callId, reported, contextWindow, serviceTier }, toldAt?.place ?? place);
}

function takeCommandEnd({ session }: CodexState, event: Fields, { atMs }: Place): void {
  const id = idOf(event.call_id);
  const exitCode = event.exit_code;
  if (id === null || typeof exitCode !== 'number') return;
  const text = textOf(event.aggregated_output) ?? textOf(event.stderr) ?? '';
  const outcome = event.status === 'declined' ? declined(text) : exitOutcome(exitCode, text);
  session.toolEnd(id, outcome, { startedAtMs: beganBefore(atMs, event.duration), atMs });
}

function takePatchEnd({ session }: CodexState, event: Fields, { atMs }: Place): void {
  const id = idOf(event.call_id);
  if (id === null || typeof event.success !== 'boolean') return;
  const text = textOf(event.stderr) ?? textOf(event.stdout) ?? '';
  session.toolEnd(id, event.status === 'declined' ? declined(text) : outcomeOf(event.success, text), {
    startedAtMs: beganBefore(atMs, event.duration),
    atMs,
  });
}

function takeMcpEnd({ session }: CodexState, event: Fields, { atMs }: Place): void {
  const id = idOf(event.call_id);
  if (id === null || !isFields(event.result)) return;
  const { Ok: ok, Err: error } = event.result;
  const answer = fieldsOf(ok);
  const isOk = error === undefined && answer.isError !== true && answer.is_error !== true;
  session.toolEnd(id, outcomeOf(isOk, textOf(error) ?? ''), { startedAtMs: beganBefore(atMs, event.duration), atMs });
}

/** The model did not answer: an attempt that failed. */
function takeError({ draft, session }: CodexState, event: Fields, place: Place): void {
  const message = textOf(event.message) ?? '';
  const type = errorType(event.codex_error_info, message);
  if (type === 'sandbox_error') return;
  const error: SessionError = { type, message: failureText(event) };
  session.latestFailure = error.message;
  session.failed(derivedId('error', draft.sessionId, place.atMs, message), error, place);
}

function failureText({ message }: Fields): string {
  return (textOf(message) ?? '').slice(0, 500);
}

function errorType(info: unknown, message: string): string | null {
  if (typeof info === 'string') return info;
  const [name, detail] = Object.entries(fieldsOf(info))[0] ?? [null, null];
  const status = fieldsOf(detail).http_status_code;
  if (typeof status === 'number') return String(status);
  return name ?? /^(?:unexpected|exceeded retry limit, last) status:? (\d{3})\b/.exec(message)?.[1] ?? null;
}
