import { randomBytes } from 'node:crypto';
import type { LogSignal, MetricSignal, Origin, SpanSignal } from '@tracepost/contracts';

/** All vectors lie after this instant; no property looks at the clock. */
export const BEGIN = new Date('2026-11-21T09:00:00.000Z');

export function at(ms: number): Date {
  return new Date(BEGIN.getTime() + ms);
}

export function nanos(ms: number, plus = 0): bigint {
  return BigInt(BEGIN.getTime() + ms) * 1_000_000n + BigInt(plus);
}

export const newTraceId = (): string => randomBytes(16).toString('hex');
export const newSpanId = (): string => randomBytes(8).toString('hex');
/** A word that nothing else in the store has. */
export const unique = (word: string): string => `${word}-${randomBytes(6).toString('hex')}`;

export function originOf(service: string, instance = 'test-1'): Origin {
  return {
    service,
    resource: { 'service.name': service, 'service.instance.id': instance, 'host.name': 'a-host' },
    scopeName: service,
    scopeVersion: '0.1.0',
  };
}

export function span(fields: Partial<SpanSignal> & Pick<SpanSignal, 'traceId'>): SpanSignal {
  return {
    origin: originOf('tracepost-test'),
    spanId: newSpanId(),
    parentSpanId: null,
    name: 'work',
    kind: 'internal',
    startTimeUnixNano: nanos(0),
    endTimeUnixNano: nanos(1),
    status: { code: 'unset', message: '' },
    attributes: {},
    events: [],
    links: [],
    ...fields,
  };
}

export function log(fields: Partial<LogSignal>): LogSignal {
  return {
    origin: originOf('tracepost-test'),
    timeUnixNano: nanos(0),
    severityNumber: 9,
    severityText: 'info',
    body: 'a line',
    attributes: {},
    traceId: null,
    spanId: null,
    ...fields,
  };
}

export function metric(fields: Partial<MetricSignal> & Pick<MetricSignal, 'name' | 'data'>): MetricSignal {
  return {
    origin: originOf('tracepost-test'),
    unit: '1',
    description: '',
    attributes: {},
    startTimeUnixNano: nanos(0),
    timeUnixNano: nanos(10_000),
    ...fields,
  };
}

/** Before the first and after the last instant that stores can keep, and across each. */
export const FAR_TIMES = [
  ['0001-01-01', '0001-02-01'],
  ['1677-01-01', '1677-12-31'],
  ['1969-12-01', '1970-01-02'],
  ['2262-01-01', '2262-12-31'],
  ['9999-11-01', '9999-12-31'],
] as const;
