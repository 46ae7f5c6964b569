/** What can be said of a span at a glance. A door of its own: whoever only sorts spans does not load readers and price lists. */
export { ownSessionId } from './otel/span-ids.ts';
export { type SpanKind, spanKind } from './otel/span-kind.ts';
export { isWords, withWords } from './otel/words-of-logs.ts';
