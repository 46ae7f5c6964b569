export { jaegerTraces } from './files/jaeger.ts';
export { langfuseLines, langfuseObservations, langfuseTrace } from './files/langfuse.ts';
export { otlpLines, otlpWhole } from './files/otlp-json.ts';
export { spanRowLines, spanRowList, spanRowsInARow } from './files/span-rows.ts';
export { documentsOf, readSpans } from './read-spans.ts';
export { readSpan, type SpanDraft } from './span-draft.ts';
