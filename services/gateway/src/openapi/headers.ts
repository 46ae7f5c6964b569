import { CORRELATION_ID_PATTERN } from '@tracepost/contracts';

interface HeaderSpec {
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

const text = (description: string, schema: Readonly<Record<string, unknown>> = {}): HeaderSpec => ({
  description,
  schema: { type: 'string', ...schema },
});

/** What a request may carry; unknown headers are not looked at. */
export const REQUEST_HEADERS = {
  'x-correlation-id': text('Yours; when it is missing or of another form, one is made', {
    pattern: CORRELATION_ID_PATTERN,
    examples: ['order-4711'],
  }),
  traceparent: text('The trace to continue (W3C); anything that is not exactly one valid value begins a new trace', {
    examples: ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
  }),
  tracestate: text('Travels on with the trace (W3C), up to 512 characters', { examples: ['vendor=value'] }),
  'Idempotency-Key': text('The same key with the same body within 24 hours is the same task', {
    pattern: '^[\\x21-\\x7e]{1,255}$',
    examples: ['0198c0de-0000-7000-8000-000000000000'],
  }),
  Prefer: text('`wait=20`: hold the answer until the task has ended, at most 60 seconds (RFC 7240)', {
    examples: ['wait=20'],
  }),
  'Last-Event-ID': text('The id of the last event that you have had: the stream goes on behind it'),
  Accept: text('What to answer with', { examples: ['application/json', 'application/x-ndjson', 'text/csv'] }),
} as const satisfies Record<string, HeaderSpec>;
export type RequestHeaderName = keyof typeof REQUEST_HEADERS;

/** Which of them every request may carry. */
export const COMMON_REQUEST_HEADERS: readonly RequestHeaderName[] = ['x-correlation-id', 'traceparent', 'tracestate'];

export const ANSWER_HEADERS = {
  'x-trace-id': text('The trace of this request', { pattern: '^[0-9a-f]{32}$' }),
  'x-correlation-id': text('Yours, or the one that was made', { pattern: CORRELATION_ID_PATTERN }),
  Location: text('Path of what was made'),
  'Retry-After': { description: 'Seconds after which to try again', schema: { type: 'integer', minimum: 1 } },
  'Preference-Applied': text('How long the answer was held at most', { examples: ['wait=20'] }),
  'idempotent-replayed': text('`true`: the first answer to this key, again', { enum: ['true'] }),
  'Content-Disposition': text('Of an export: a file name'),
  'Accept-Encoding': text('`identity`: bodies are taken as they are'),
  ETag: text('The SHA-256 of the bytes, in hex and quoted'),
} as const satisfies Record<string, HeaderSpec>;
export type AnswerHeaderName = keyof typeof ANSWER_HEADERS;

/** Which of them every answer has. */
export const COMMON_ANSWER_HEADERS: readonly AnswerHeaderName[] = ['x-trace-id', 'x-correlation-id'];
