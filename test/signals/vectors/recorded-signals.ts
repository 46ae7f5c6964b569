import type { OtlpRequest } from './otlp.ts';
import { recordedLogs } from './recorded-logs.ts';
import { recordedMetrics } from './recorded-metrics.ts';
import { recordedTraces } from './recorded-traces.ts';

/**
 * What programs have sent since `atMs`, in the order of the requests: pieces of traces from several services, late ones, some of it twice.
 * Nothing in it depends on the clock or on chance.
 */
export function recordedSignals(atMs: number): OtlpRequest[] {
  const requests = [...recordedTraces(atMs), ...recordedMetrics(atMs), ...recordedLogs(atMs)];
  // Whoever got no answer sends again: the first two of each signal come once more, after everything else.
  return [...requests, ...['traces', 'metrics', 'logs'].flatMap((signal) => firstOf(requests, signal))];
}

function firstOf(requests: readonly OtlpRequest[], signal: string): OtlpRequest[] {
  return requests.filter((request) => request.signal === signal).slice(0, 2);
}
