import type { SignalName } from '@tracepost/contracts';
import type { Metrics } from '../metrics.ts';
import type { SignalLedger } from './signal-ledger.ts';

/**
 * Shows the ledger as metrics. All of them are read in the same turn of the event loop, at the beginning of a collection, so that
 * each collection holds one instant: what was made, less what was lost, less what waits, is what was handed on. The collection itself is made
 * after that instant and stands in the next one.
 */
export function observeLedger(
  metrics: Metrics,
  ledger: SignalLedger,
  waiting: Readonly<Record<SignalName, () => number>>,
): void {
  const bySignal = (read: (signal: SignalName) => number) =>
    (['spans', 'logs', 'metrics'] as const).map((signal) => ({
      value: read(signal),
      attributes: { 'tracepost.signal': signal },
    }));
  metrics.observe('tracepost.telemetry.produced', () => {
    const produced = ledger.produced();
    return bySignal((signal) => produced[signal]);
  });
  metrics.observe('tracepost.telemetry.waiting', () => bySignal((signal) => waiting[signal]()));
  metrics.observe('tracepost.telemetry.dropped', () =>
    ledger.read().map(({ signal, reason, count }) => ({
      value: count,
      attributes: { 'tracepost.signal': signal, 'tracepost.reason': reason },
    })),
  );
}
