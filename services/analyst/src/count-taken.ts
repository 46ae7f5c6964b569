import type { Refusal, SignalBatch, SignalName } from '@tracepost/contracts';
import type { Telemetry } from '@tracepost/telemetry';
import { isOurs } from './seen-before.ts';

export interface Taken {
  /** As it came. */
  readonly sent: SignalBatch;
  /** Without what was taken before. */
  readonly taken: SignalBatch;
  readonly refused: readonly Refusal[];
  /** Spans that are not stored yet; whoever holds them counts them when they are. */
  readonly heldSpans: number;
}

const SIGNALS: readonly SignalName[] = ['spans', 'logs', 'metrics'];

/**
 * Counts a batch once it is over, in one turn of the event loop: what was received is always what was stored and what was refused together,
 * whenever it is looked at.
 */
export function countTaken({ metrics }: Pick<Telemetry, 'metrics'>, { sent, taken, refused, heldSpans }: Taken): void {
  for (const { signal, reason, count } of refused)
    metrics.add('tracepost.ingest.refused', count, { 'tracepost.signal': signal, 'tracepost.reason': reason });
  for (const signal of SIGNALS) {
    const bySignal = { 'tracepost.signal': signal };
    const received = taken[signal].length;
    const ours = taken[signal].reduce((count, { origin }) => (isOurs(origin) ? count + 1 : count), 0);
    const lost = refused.reduce((sum, refusal) => (refusal.signal === signal ? sum + refusal.count : sum), 0);
    add(ours, 'tracepost.ingest.received', { ...bySignal, 'tracepost.origin': 'house' });
    add(received - ours, 'tracepost.ingest.received', { ...bySignal, 'tracepost.origin': 'other' });
    add(received - lost - (signal === 'spans' ? heldSpans : 0), 'tracepost.ingest.stored', bySignal);
    add(sent[signal].length - received, 'tracepost.ingest.repeated', bySignal);
  }

  function add(
    count: number,
    name: 'tracepost.ingest.received' | 'tracepost.ingest.stored' | 'tracepost.ingest.repeated',
    attributes: Record<string, string>,
  ): void {
    if (count > 0) metrics.add(name, count, attributes);
  }
}
