import { anyValue, attributes, type Json, nanos, type OtlpRequest, resource, type Value } from './otlp.ts';
import { ATTEMPT_SPAN, RECORDED_AGENT, TASK_TRACE, TASKS } from './recorded-tasks.ts';
import { SHOP_TRACE } from './recorded-traces.ts';

interface LineFacts {
  readonly after: number;
  readonly severity?: number;
  readonly text?: string;
  readonly body: Value;
  readonly values?: Readonly<Record<string, Value>>;
  readonly traceId?: string;
  readonly spanId?: string;
}

export function recordedLogs(atMs: number): OtlpRequest[] {
  const line = (facts: LineFacts): Json => ({
    timeUnixNano: nanos(atMs + facts.after),
    observedTimeUnixNano: nanos(atMs + facts.after + 1),
    ...(facts.severity === undefined ? {} : { severityNumber: facts.severity }),
    ...(facts.text === undefined ? {} : { severityText: facts.text }),
    body: anyValue(facts.body),
    attributes: attributes(facts.values ?? {}),
    ...(facts.traceId === undefined ? {} : { traceId: facts.traceId }),
    ...(facts.spanId === undefined ? {} : { spanId: facts.spanId }),
  });
  const ofShop = { traceId: SHOP_TRACE, spanId: 'a000000000000002' };
  const ofTask = {
    traceId: TASK_TRACE,
    spanId: ATTEMPT_SPAN,
    values: {
      'tracepost.task.id': TASKS.succeeded,
      'tracepost.agent.id': RECORDED_AGENT,
      'tracepost.correlation.id': 'order-66',
      layer: 'agent',
      phase: 'hop',
      result: 'success',
    },
  };
  return [
    logs('shop-orders', [
      line({ after: 1, severity: 9, text: 'INFO', body: 'order placed by ann@example.org', ...ofShop }),
      // Three lines of one instant; two of them differ in nothing but their attributes.
      line({ after: 2, severity: 9, text: 'INFO', body: 'checked', ...ofShop, values: { item: 1 } }),
      line({ after: 2, severity: 9, text: 'INFO', body: 'checked', ...ofShop, values: { item: 2 } }),
      line({ after: 2, severity: 13, text: 'WARN', body: 'stock is low', ...ofShop }),
      line({
        after: 3,
        severity: 17,
        text: 'ERROR',
        body: 'card refused\nsecond line',
        ...ofShop,
        values: {
          'error.code': 'declined',
          'a.double': 0.5,
          'a.flag': false,
          'a.list': ['x', 1],
          'a.map': { in: 'it' },
        },
      }),
    ]),
    logs('recorded-host', [
      line({ after: 4, severity: 9, body: 'attempt begins', ...ofTask }),
      line({ after: 54, severity: 5, text: 'DEBUG', body: 'attempt ends', ...ofTask }),
    ]),
    logs('shop-web', [
      line({ after: 5, text: 'Information', body: 'only a word for its level' }),
      line({ after: 6, text: 'Critical', body: 'another word' }),
      line({ after: 7, body: { kind: 'page_view', url: 'https://shop.example/?a=1', n: 3 } }),
      line({ after: 8, severity: 21, body: ['a', 'list', 1] }),
      line({ after: 9, severity: 9, body: '' }),
      line({ after: 10, severity: 1, body: '=cmd|quotes " and \\ and , and é' }),
      line({ after: -3_600_000, severity: 9, body: 'an hour late' }),
    ]),
  ];
}

function logs(service: string, logRecords: readonly Json[]): OtlpRequest {
  return {
    signal: 'logs',
    body: { resourceLogs: [{ resource: resource(service), scopeLogs: [{ scope: { name: 'logger' }, logRecords }] }] },
  };
}
