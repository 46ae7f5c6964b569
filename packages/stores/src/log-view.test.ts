import type { LogSignal } from '@tracepost/contracts';
import { expect, test } from 'vitest';
import { logFingerprint, toLogView } from './log-view.ts';

test('the level of a line without a severity number is in its severity text, and information without that', () => {
  const levels = ['ERROR', 'Fatal', 'critical', 'Warning', 'warn', 'DEBUG', 'trace', 'notice', ''].map(
    (severityText) => toLogView(log({ severityNumber: 0, severityText })).level,
  );
  expect(levels).toEqual(['error', 'error', 'error', 'warn', 'warn', 'debug', 'debug', 'info', 'info']);
});

test('a line without a service has the name that OpenTelemetry gives', () => {
  const origin = { service: '', resource: {}, scopeName: '', scopeVersion: '' };
  expect(toLogView(log({ origin })).service).toBe('unknown_service');
});

test('an id that is no text is its JSON, and an empty one is none', () => {
  const attributes = { 'tracepost.task.id': 7, 'tracepost.agent.id': '', 'tracepost.correlation.id': null };
  expect(toLogView(log({ attributes }))).toMatchObject({ taskId: '7', agentId: null, correlationId: null });
});

test('a fingerprint is the same for the same line and another for any difference', () => {
  const variants: Partial<LogSignal>[] = [
    {},
    { body: 'another' },
    { severityNumber: 17 },
    { traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
    { spanId: '00f067aa0ba902b7' },
    { attributes: { 'tracepost.task.id': 't' } },
    { attributes: { hopName: 'auth' } },
    { origin: { service: 'other', resource: {}, scopeName: '', scopeVersion: '' } },
  ];
  const fingerprints = variants.map((fields) => logFingerprint(toLogView(log(fields))).toString('hex'));
  expect(new Set(fingerprints).size).toBe(variants.length);
  expect(logFingerprint(toLogView(log({}))).toString('hex')).toBe(fingerprints[0]);
});

function log(fields: Partial<LogSignal>): LogSignal {
  return {
    origin: { service: 's', resource: {}, scopeName: '', scopeVersion: '' },
    timeUnixNano: 1n,
    severityNumber: 9,
    severityText: 'info',
    body: 'a line',
    attributes: {},
    traceId: null,
    spanId: null,
    ...fields,
  };
}
