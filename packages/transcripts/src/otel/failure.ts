import type { SessionError, SpanSignal } from '@tracepost/contracts';
import { errorText } from '../building/error-text.ts';
import { textAt } from './attributes.ts';

/** What went wrong with a span's work; null: nothing did. */
export function failureOf({ status, attributes, events }: SpanSignal): SessionError | null {
  const exception = events.find(({ name }) => name === 'exception')?.attributes ?? {};
  const type = textAt(attributes, 'error.type') ?? textAt(exception, 'exception.type');
  const isFailed =
    status.code === 'error' ||
    attributes.success === false ||
    attributes.success === 'false' ||
    STATUS_ATTRIBUTES.some((name) => /^(error|failed)$/i.test(textAt(attributes, name) ?? ''));
  // An exception that was caught is told of too; only the type on the span itself says that the work failed.
  if (!isFailed && textAt(attributes, 'error.type') === null) return null;
  const message =
    status.message ||
    textAt(exception, 'exception.message') ||
    textAt(attributes, 'error.message', 'error', 'langfuse.observation.status_message') ||
    '';
  return { type, message: errorText(message).toWellFormed() };
}

/** Whose span itself is well: what a tool gave back was an error. Strands, Langfuse, Genkit. */
const STATUS_ATTRIBUTES = ['gen_ai.tool.status', 'tool.status', 'langfuse.observation.level', 'genkit:state'] as const;

/** Ended by whoever asked, which is no failure of the model. */
export function isAbort({ type, message }: SessionError): boolean {
  return /abort|cancel/i.test(type ?? '') || /^(the operation was )?(aborted|cancelled|canceled)\b/i.test(message);
}

const REFUSING_TYPES =
  /(tool|user|permission|approval)_?(call)?_?(was)?_?(denied|rejected|refused|declined)|(denied|rejected|declined)_?by_?user/i;
const REFUSING_WORDS =
  /^(error: )?(the )?(user|human) (doesn't want to (proceed|take)|rejected|denied|declined|refused|has denied)|^the tool call was (denied|rejected)|^tool (call|execution|use) (was )?(denied|rejected)|^permission to use .{1,80} (was|has been) denied/i;

/** A tool that was not run because the user did not want it. */
export function isRefusal(type: string | null, text: string): boolean {
  return REFUSING_TYPES.test(type ?? '') || REFUSING_WORDS.test(text.trimStart());
}
