import type { SessionSpan, SpanSignal } from '@tracepost/contracts';
import { idOf } from '../building/values.ts';
import { textAt } from './attributes.ts';

/** One name for a span: ids of spans are only told apart inside their trace. */
export function spanKey({ traceId, spanId }: Pick<SessionSpan, 'traceId' | 'spanId'>): string {
  return `${traceId}:${spanId}`;
}

const SESSION_ATTRIBUTES = [
  'session.id',
  'gen_ai.conversation.id',
  'langfuse.session.id',
  'langsmith.metadata.session_id',
  'langsmith.metadata.thread_id',
  'langsmith.metadata.conversation_id',
  'traceloop.association.properties.session_id',
  'traceloop.association.properties.thread_id',
  'traceloop.association.properties.conversation_id',
  'ai.telemetry.metadata.sessionId',
  'ai.telemetry.metadata.session_id',
  'ai.telemetry.metadata.threadId',
  'ai.telemetry.metadata.thread_id',
  'ai.telemetry.metadata.chatId',
  'ai.telemetry.metadata.conversationId',
  'ai.settings.context.sessionId',
  'mlflow.trace.session',
  'gcp.vertex.agent.session_id',
  'gen_ai.thread.id',
  'gen_ai.openai.thread.id',
  'langgraph.thread_id',
  'lmnr.association.properties.session_id',
  'genkit:sessionId',
] as const;

const OPENAI_ANSWER = /^(resp_|chatcmpl-)/;

/** Which session the span itself says that it is of. */
export function ownSessionId({ attributes }: Pick<SpanSignal, 'attributes'>): string | null {
  for (const name of SESSION_ATTRIBUTES) {
    const text = textAt(attributes, name);
    // Some give the answer before as the conversation: every call would be of another session.
    const id = text === null || OPENAI_ANSWER.test(text) ? null : safeId(text);
    if (id !== null) return id;
  }
  return null;
}

/** An id that may be used as one, null else: a span with a mad id is still a span. */
export function safeId(value: unknown): string | null {
  try {
    return idOf(value);
  } catch {
    return null;
  }
}

/** Of which session each span is: its own word, else that of the nearest span around it, else that of its trace, else the trace itself. */
export function sessionsOf(
  spans: readonly { readonly span: SessionSpan; readonly sessionId: string | null }[],
): string[] {
  const byKey = new Map(spans.map((one) => [spanKey(one.span), one]));
  const ofTrace = new Map<string, { readonly startMs: number; readonly sessionId: string }>();
  for (const { span, sessionId } of spans) {
    if (sessionId === null) continue;
    const known = ofTrace.get(span.traceId);
    const isFirst =
      !known || span.startMs < known.startMs || (span.startMs === known.startMs && sessionId < known.sessionId);
    if (isFirst) ofTrace.set(span.traceId, { startMs: span.startMs, sessionId });
  }
  return spans.map(({ span, sessionId }) => {
    let at: { readonly span: SessionSpan; readonly sessionId: string | null } | undefined = { span, sessionId };
    for (let depth = 0; at && depth < 1_000; depth += 1) {
      if (at.sessionId !== null) return at.sessionId;
      const parent: string | null = at.span.parentSpanId;
      at = parent === null ? undefined : byKey.get(spanKey({ traceId: span.traceId, spanId: parent }));
    }
    return ofTrace.get(span.traceId)?.sessionId ?? span.traceId;
  });
}
