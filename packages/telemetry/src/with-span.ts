import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { ATTR } from './names.ts';
import { redactText } from './redaction.ts';
import type { Telemetry } from './telemetry.ts';
import { describeThrown } from './thrown.ts';

export interface SpanOptions {
  readonly name: string;
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  readonly links?: Link[];
  /** The active context when none is given. */
  readonly parent?: Context;
}

/**
 * Runs `work` inside a span that is active for everything it calls. A throw marks the span as failed (`error.type`, status with
 * the message) and goes on to the caller; the span ends in either case.
 */
export async function withSpan<T>(
  { tracer }: Pick<Telemetry, 'tracer'>,
  { name, kind = SpanKind.INTERNAL, attributes = {}, links = [], parent = context.active() }: SpanOptions,
  work: (span: Span) => Promise<T> | T,
): Promise<T> {
  const span = tracer.startSpan(name, { kind, attributes, links }, parent);
  try {
    return await context.with(trace.setSpan(parent, span), () => work(span));
  } catch (error) {
    failSpan(span, error);
    throw error;
  } finally {
    span.end();
  }
}

export function failSpan(span: Span, error: unknown): void {
  const { name, message } = describeThrown(error);
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  span.setAttribute(ATTR.errorType, typeof code === 'string' ? code : name);
  span.setStatus({ code: SpanStatusCode.ERROR, message: redactText(message) });
}
