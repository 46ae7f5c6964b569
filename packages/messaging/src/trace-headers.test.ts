import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readTextHeader, readTraceContext, writeTraceContext } from './trace-headers.ts';

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const spanId = '00f067aa0ba902b7';
const traceparent = `00-${traceId}-${spanId}-01`;
const parent = { traceId, spanId, traceFlags: 1, isRemote: true };

describe('trace headers of a message', () => {
  it.each<[string, Record<string, unknown>]>([
    ['as text', { traceparent }],
    ['as a Buffer', { traceparent: Buffer.from(traceparent) }],
    ['with an upper-case name', { TRACEPARENT: traceparent }],
    ['with a name in mixed case', { TraceParent: traceparent }],
    ['repeated: the first counts', { traceparent: [traceparent, 'junk'] }],
    ['repeated, as Buffers', { traceparent: [Buffer.from(traceparent)] }],
    ['with blanks around it', { traceparent: ` ${traceparent}\t` }],
    ['of a later version', { traceparent: `01-${traceId}-${spanId}-01-more` }],
    ['from MassTransit', { 'MT-Activity-Id': traceparent }],
    ['of which the first is broken and MassTransit is not', { traceparent: 'x', 'MT-Activity-Id': traceparent }],
  ])('are read %s', (_form, headers) => {
    expect(readTraceContext(headers)).toEqual(parent);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty text', ''],
    ['ids of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['version ff', `ff-${traceId}-${spanId}-01`],
    ['upper-case digits', traceparent.toUpperCase()],
    ['version 00 with more behind it', `${traceparent}-more`],
    ['a number', 42],
    ['null', null],
    ['a table', { nested: traceparent }],
    ['an empty array', []],
    ['nine kilobytes', traceparent + ' '.repeat(9 * 1024)],
    ['nine kilobytes in a Buffer', Buffer.alloc(9 * 1024, 0x20)],
    ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
  ])('give no parent for %s', (_what, value) => {
    expect(readTraceContext({ traceparent: value })).toBeNull();
  });

  it('keep the trace state of the sender', () => {
    const span = readTraceContext({ traceparent, tracestate: Buffer.from('vendor=1,other=2') });
    expect(span?.traceState?.serialize()).toBe('vendor=1,other=2');
  });

  it('never throw, whatever stands in the table', () => {
    const anyHeader = fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withTypedArray: true });
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('traceparent', 'TraceParent', 'tracestate', 'baggage', 'x'), anyHeader),
        (headers) => {
          readTraceContext(headers);
          readTextHeader(headers, 'baggage');
          readTextHeader(headers, 'tracestate');
        },
      ),
    );
  });

  it('are written in lower case, as text, and read back the same', () => {
    const active = trace.setSpanContext(ROOT_CONTEXT, parent);
    expect(writeTraceContext(active)).toEqual({ traceparent });
    expect(readTraceContext(writeTraceContext(active))).toEqual(parent);
    expect(writeTraceContext(ROOT_CONTEXT)).toEqual({});
  });
});
