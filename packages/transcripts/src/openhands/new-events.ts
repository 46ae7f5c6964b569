import type { SessionToolCall } from '@tracepost/contracts';
import { type Fields, fieldsOf, idOf, isFields, listOf, textOf, timeOf } from '../building/values.ts';
import { completionCall } from '../chat/completion-call.ts';
import { contentText } from '../chat/content-text.ts';
import { providerOf } from '../chat/litellm-model.ts';
import { reportedUsd } from '../chat/usd-text.ts';
import { callIdByPlace } from '../entries/session-entries.ts';
import type { EventPlace, EventSession } from './event-session.ts';
import { judgeText } from './result-judge.ts';

type Before = Omit<EventPlace, 'atMs'>;
type Take = (session: EventSession, event: Fields, at: EventPlace) => void;

/** By the `kind` of an event, from the program's version 1 on. Other kinds tell of states and prompts. */
const TAKES: Readonly<Record<string, Take>> = {
  MessageEvent: message,
  ActionEvent: action,
  NonExecutableActionEvent: askedInVain,
  ObservationEvent: observation,
  UserRejectObservation: observation,
  AgentErrorEvent: observation,
  ACPToolCallEvent: foreignTool,
  ConversationErrorEvent: conversationError,
  ConversationIterationLimitEvent: iterationLimit,
  Condensation: condensation,
  ConversationStateUpdateEvent: stateUpdate,
  LLMCompletionLogEvent: completionLog,
};

/** Gives the event's time. */
export function takeNewEvent(session: EventSession, event: Fields, before: Before): number | null {
  const atMs = timeOf(event.timestamp);
  const kind = String(event.kind);
  if (Object.hasOwn(TAKES, kind)) TAKES[kind]?.(session, event, { ...before, atMs });
  return atMs;
}

function message(session: EventSession, event: Fields, at: EventPlace): void {
  const { content } = fieldsOf(event.llm_message);
  const text = contentText(content);
  const thought = textOf(fieldsOf(event.llm_message).reasoning_content);
  if (event.source === 'agent')
    session.answer(calledFor(session, event, at), text, at, thought === null ? [] : [thought]);
  else session.user(`event-${eventId(event, at)}`, text, at);
}

function action(session: EventSession, event: Fields, at: EventPlace): void {
  const callId = calledFor(session, event, at);
  const asked = fieldsOf(event.tool_call);
  const args = asked.arguments ?? fieldsOf(asked.function).arguments ?? withoutKind(event.action);
  const name = textOf(event.tool_name) ?? textOf(asked.name) ?? 'unknown';
  const argumentText = typeof args === 'string' ? args : JSON.stringify(args ?? '');
  session.answer(callId, contentText(event.thought), at, [name + argumentText, textOf(event.reasoning_content) ?? '']);
  const own = `event-${eventId(event, at)}`;
  const toolCallId = session.toolIds.asked(idOf(event.tool_call_id) ?? own, { place: own, answer: own });
  session.tool({ toolCallId, name, arguments: args, callId, atMs: at.atMs, sequence: at.sequence + 1 });
}

/** At first, calls of tools that there are not stood in an event of their own, several together. */
function askedInVain(session: EventSession, event: Fields, at: EventPlace): void {
  for (const call of listOf(event.tool_calls).map(fieldsOf))
    action(session, { ...event, tool_call: call, tool_call_id: call.id, tool_name: call.name }, at);
}

function observation(session: EventSession, event: Fields, at: EventPlace): void {
  const observed = fieldsOf(event.observation);
  const text = resultText(event, observed);
  const own = `event-${eventId(event, at)}`;
  const actionId = idOf(event.action_id);
  const of = actionId === null ? null : `event-${actionId}`;
  const toolCallId = session.toolIds.told(idOf(event.tool_call_id) ?? of ?? own, { of, at: own });
  const name = textOf(event.tool_name) ?? 'unknown';
  const tool = session.tool({ toolCallId, name, arguments: '', sequence: at.sequence });
  const { status, type } = verdict(event, observed, text);
  session.result(tool, { text, status, error: status === 'failed' ? session.entries.error(type, text) : null }, at);
}

function resultText(event: Fields, observed: Fields): string {
  const told = event.error ?? event.rejection_reason ?? observed.content ?? observed.output ?? observed.error;
  return contentText(told);
}

function verdict(
  event: Fields,
  observed: Fields,
  text: string,
): { status: SessionToolCall['status']; type: string | null } {
  if (event.kind === 'UserRejectObservation') return { status: 'refused', type: null };
  if (event.kind === 'AgentErrorEvent') return { status: 'failed', type: textOf(fieldsOf(event.classification).code) };
  if (observed.timeout === true) return { status: 'failed', type: 'timeout' };
  const code = observed.exit_code ?? fieldsOf(observed.metadata).exit_code;
  if (typeof code === 'number' && code !== 0) return { status: 'failed', type: `exit_code_${code}` };
  const isError = observed.is_error === true || observed.error === true || textOf(observed.error) !== null;
  if (isError) return { status: 'failed', type: null };
  if (typeof observed.is_error === 'boolean' || typeof code === 'number') return { status: 'ok', type: null };
  const { status, errorType } = judgeText(text, event, { name: '' });
  return { status, type: errorType ?? null };
}

/** By a program that works in the agent's place, with tools of its own; told when it begins and again when it is done. */
function foreignTool(session: EventSession, event: Fields, at: EventPlace): void {
  const toolCallId = idOf(event.tool_call_id) ?? `event-${eventId(event, at)}`;
  const name = textOf(event.tool_kind) ?? textOf(event.title) ?? 'unknown';
  const { atMs, sequence } = at;
  const tool = session.tool({ toolCallId, name, arguments: event.raw_input ?? '', atMs, sequence: sequence + 1 });
  const isFailed = event.is_error === true || event.status === 'failed';
  if (event.status !== 'completed' && !isFailed) return;
  const { raw_output: given } = event;
  const text = contentText(given) || (isFields(given) ? JSON.stringify(given) : contentText(event.content));
  session.result(
    tool,
    { text, status: isFailed ? 'failed' : 'ok', error: isFailed ? session.entries.error(null, text) : null },
    at,
  );
}

function iterationLimit(session: EventSession, event: Fields): void {
  session.ended({ succeeded: false, detail: (textOf(event.detail) ?? 'iteration limit').slice(0, 200) });
}

function conversationError(session: EventSession, event: Fields, at: EventPlace): void {
  if (event.code === 'MaxIterationsReached') {
    iterationLimit(session, event);
    return;
  }
  const error = session.entries.error(textOf(event.code), textOf(event.detail) ?? '');
  const { atMs, askedAtMs, sequence } = at;
  session.call({ callId: `event-${eventId(event, at)}`, sequence, atMs, askedAtMs, status: 'failed', error });
}

/** The model was asked to sum up what went before: a call that gives no message. */
function condensation(session: EventSession, event: Fields, at: EventPlace): void {
  if (textOf(event.llm_response_id) !== null) calledFor(session, event, at);
}

function stateUpdate(session: EventSession, event: Fields): void {
  if (event.key === 'stats') session.stats(event.value);
  if (event.key === 'full_state' && isFields(event.value)) session.stats(event.value.stats);
}

/** The log of a call, as text inside of an event. */
function completionLog(session: EventSession, event: Fields, at: EventPlace): void {
  const log = parsed(textOf(event.log_data) ?? '');
  const response = fieldsOf(log.response);
  const model = textOf(event.model_name) ?? textOf(response.model);
  const provider = providerOf(model);
  const { callId, ...fields } = completionCall(response, provider, session.leaveOut);
  if (callId === null) return;
  const atMs = timeOf(log.timestamp) ?? at.atMs;
  const latencyMs =
    typeof log.latency_sec === 'number' && log.latency_sec >= 0 ? Math.round(log.latency_sec * 1000) : null;
  session.call({
    callId,
    sequence: at.sequence,
    model,
    provider,
    ...fields,
    atMs,
    askedAtMs: atMs !== null && latencyMs !== null ? atMs - latencyMs : null,
    reportedCostUsd: reportedUsd(log.cost, session.leaveOut),
  });
}

function calledFor(session: EventSession, event: Fields, { sequence, atMs, askedAtMs }: EventPlace): string {
  const callId = idOf(event.llm_response_id) ?? callIdByPlace(sequence);
  session.call({ callId, sequence, atMs, askedAtMs });
  return callId;
}

function withoutKind(value: unknown): Fields {
  const { kind: _, ...rest } = fieldsOf(value);
  return rest;
}

function parsed(text: string): Fields {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    throw new RangeError('its log_data is no JSON');
  }
}

function eventId(event: Fields, at: EventPlace): string {
  return idOf(event.id) ?? `at-${at.sequence}`;
}
