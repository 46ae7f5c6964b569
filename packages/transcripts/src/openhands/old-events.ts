import type { SessionOutcome, SessionToolCall } from '@tracepost/contracts';
import { answerIdOf, type Fields, fieldsOf, idOf, isFields, listOf, textOf, timeOf } from '../building/values.ts';
import { completionCall } from '../chat/completion-call.ts';
import { contentText } from '../chat/content-text.ts';
import { providerOf } from '../chat/litellm-model.ts';
import { callIdByPlace } from '../entries/session-entries.ts';
import type { EventPlace, EventSession } from './event-session.ts';
import { judgeText } from './result-judge.ts';

type Before = Omit<EventPlace, 'atMs'>;

/** Actions that are no work of the agent's: they prepare, remember, or tell of states. */
const HOUSEKEEPING = new Set([
  'system',
  'recall',
  'change_agent_state',
  'null',
  'condensation',
  'condensation_request',
  'pause',
  'resume',
  'stop',
  'start',
  'loop_recovery',
]);

/** An event of the program up to its version 1: `action` with `args`, or `observation` with `content`. Gives its time. */
export function takeOldEvent(session: EventSession, event: Fields, before: Before): number | null {
  const atMs = timeOf(event.timestamp);
  const at: EventPlace = { ...before, atMs };
  if (isFields(event.llm_metrics)) session.stats(event.llm_metrics);
  if (typeof event.action === 'string') action(session, event, at);
  else if (typeof event.observation === 'string') observation(session, event, at);
  else throw new RangeError('it is no event: there is neither an action nor an observation in it');
  return atMs;
}

function action(session: EventSession, event: Fields, at: EventPlace): void {
  const name = String(event.action);
  if (HOUSEKEEPING.has(name)) return;
  const args = fieldsOf(event.args);
  if (name === 'message' && event.source !== 'agent') {
    session.user(`event-${eventId(event, at)}`, contentText(args.content ?? event.message), at);
    return;
  }
  // A command that the user gave is no call of the agent's.
  if (event.source !== 'agent') return;
  const callId = modelCall(session, event, at);
  const asked = name === 'message' ? null : toolOf(session, event, at);
  const said = contentText(answerOf(event).content) || contentText(name === 'message' ? args.content : args.thought);
  const thought = textOf(answerOf(event).reasoning_content);
  const given = asked && asked.name + JSON.stringify(asked.arguments ?? '');
  session.answer(callId, said, at, [given, thought].filter(isKnown));
  if (asked) session.tool({ ...asked, callId, atMs: at.atMs, sequence: at.sequence + 1 });
}

function observation(session: EventSession, event: Fields, at: EventPlace): void {
  const name = String(event.observation);
  if (name === 'agent_state_changed') session.ended(outcomeOf(fieldsOf(event.extras)));
  if (HOUSEKEEPING.has(name) || name === 'agent_state_changed') return;
  const cause = event.cause;
  const isOfTool = isFields(event.tool_call_metadata) || (typeof cause === 'number' && cause >= 0);
  if (!isOfTool || event.source === 'user') return;
  const asked = toolOf(session, event, at);
  // Where the answer has no id, only the action can be its call.
  const { id } = fieldsOf(fieldsOf(event.tool_call_metadata).model_response);
  const callId = answerIdOf(id) === null ? null : modelCall(session, event, at);
  const tool = session.tool({ ...asked, callId, atMs: null, sequence: at.sequence });
  const text = contentText(event.content) || (textOf(event.message) ?? '');
  const { status, type } = verdict(event, text);
  session.result(tool, { text, status, error: status === 'failed' ? session.entries.error(type, text) : null }, at);
}

function verdict(event: Fields, text: string): { status: SessionToolCall['status']; type: string | null } {
  const extras = fieldsOf(event.extras);
  if (event.observation === 'user_rejected') return { status: 'refused', type: null };
  if (event.observation === 'error') return { status: 'failed', type: textOf(extras.error_id) };
  const code = fieldsOf(extras.metadata).exit_code ?? extras.exit_code;
  if (typeof code === 'number' && code !== 0) return { status: 'failed', type: `exit_code_${code}` };
  if (event.success === false || extras.error === true) return { status: 'failed', type: null };
  if (typeof code === 'number') return { status: 'ok', type: null };
  const { status, errorType } = judgeText(text, event, { name: '' });
  return { status, type: errorType ?? null };
}

/** Why it stopped, where it did not stop of its own will. */
function outcomeOf({ agent_state, reason }: Fields): SessionOutcome | null {
  const isFailure = agent_state === 'error' || agent_state === 'rejected';
  return isFailure ? { succeeded: false, detail: (textOf(reason) ?? String(agent_state)).slice(0, 200) } : null;
}

function isKnown(text: string | null): text is string {
  return text !== null;
}

/** The call of the model that the event comes from, told by the answer that the event carries. */
function modelCall(session: EventSession, event: Fields, at: EventPlace): string {
  const response = fieldsOf(fieldsOf(event.tool_call_metadata).model_response);
  const model = textOf(response.model);
  const provider = providerOf(model);
  const { callId, ...fields } = completionCall(response, provider, session.leaveOut);
  const id = callId ?? callIdByPlace(at.sequence);
  // An observation repeats the answer and comes later: the time is that of the action.
  const { atMs, askedAtMs, sequence } = at;
  const when = typeof event.action === 'string' ? { atMs, askedAtMs } : {};
  session.call({ callId: id, sequence, model, provider, ...fields, ...when });
  return id;
}

function toolOf(
  session: EventSession,
  event: Fields,
  at: EventPlace,
): { toolCallId: string; name: string; arguments: unknown } {
  const metadata = fieldsOf(event.tool_call_metadata);
  const given = idOf(metadata.tool_call_id);
  const asked = listOf(answerOf(event).tool_calls)
    .map(fieldsOf)
    .find((call) => call.id === metadata.tool_call_id);
  const args = fieldsOf(asked?.function).arguments ?? withoutThought(event.args);
  const name = textOf(metadata.function_name) ?? textOf(event.action) ?? textOf(event.observation) ?? 'unknown';
  const own = `event-${eventId(event, at)}`;
  if (typeof event.action === 'string') {
    return { toolCallId: session.toolIds.asked(given ?? own, { place: own, answer: own }), name, arguments: args };
  }
  // The action that the observation came of.
  const of = typeof event.cause === 'number' && event.cause >= 0 ? `event-${event.cause}` : null;
  return { toolCallId: session.toolIds.told(given ?? of ?? own, { of, at: own }), name, arguments: args };
}

function answerOf(event: Fields): Fields {
  const response = fieldsOf(fieldsOf(event.tool_call_metadata).model_response);
  return fieldsOf(fieldsOf(listOf(response.choices)[0]).message);
}

function withoutThought(args: unknown): Fields {
  const { thought: _, ...rest } = fieldsOf(args);
  return rest;
}

function eventId(event: Fields, at: EventPlace): string {
  return typeof event.id === 'number' ? String(event.id) : (idOf(event.id) ?? `at-${at.sequence}`);
}
