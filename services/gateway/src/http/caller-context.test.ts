import { trace } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { readCallerContext } from './caller-context.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;
const callerOf = (headers: Record<string, string>) => trace.getSpanContext(readCallerContext(headers));

test('a valid traceparent is continued, with its tracestate', () => {
  const caller = callerOf({ traceparent: PARENT, tracestate: 'vendor=abc,other=1' });
  expect(caller).toMatchObject({ traceId: TRACE_ID, spanId: '00f067aa0ba902b7', traceFlags: 1, isRemote: true });
  expect(caller?.traceState?.get('vendor')).toBe('abc');
});

test.each([
  ['zeros as the trace id', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`],
  ['zeros as the span id', `00-${TRACE_ID}-${'0'.repeat(16)}-01`],
  ['the version ff', PARENT.replace('00-', 'ff-')],
  ['upper case', PARENT.toUpperCase()],
  ['a repeated header, as Node joins it', `${PARENT}, ${PARENT}`],
  ['more than version 00 has', `${PARENT}-more`],
  ['something else', 'x'.repeat(9_000)],
  ['nothing', ''],
])('a traceparent with %s begins a new trace', (_what, traceparent) =>
  expect(callerOf({ traceparent })).toBeUndefined(),
);

test('a tracestate of 8 KB is dropped, and the trace goes on', () => {
  const caller = callerOf({ traceparent: PARENT, tracestate: `a=${'b'.repeat(8_192)}` });
  expect(caller?.traceId).toBe(TRACE_ID);
  expect(caller?.traceState).toBeUndefined();
});

test('a tracestate alone means nothing', () => expect(callerOf({ tracestate: 'a=b' })).toBeUndefined());
