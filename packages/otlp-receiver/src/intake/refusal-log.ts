import type { Refusal } from '@tracepost/contracts';
import type { Telemetry } from '@tracepost/telemetry';

/** Refusals as metrics, always; as log lines, few: a flood of wrong requests must not become a flood of lines. */
export interface RefusalLog {
  /** A request that was refused whole; how many signals it held is not known. */
  note(reason: string): void;
  count(refused: readonly Refusal[]): void;
}

const BETWEEN_LINES_MS = 10_000;

export function createRefusalLog({ logger, metrics }: Pick<Telemetry, 'logger' | 'metrics'>): RefusalLog {
  const quiet = new Map<string, { until: number; requests: number }>();
  return {
    note(reason) {
      metrics.add('tracepost.ingest.refused', 1, { 'tracepost.signal': 'requests', 'tracepost.reason': reason });
      const now = performance.now();
      const known = quiet.get(reason);
      const requests = (known?.requests ?? 0) + 1;
      if (known && now < known.until) {
        known.requests = requests;
        return;
      }
      quiet.set(reason, { until: now + BETWEEN_LINES_MS, requests: 0 });
      logger.warn({ layer: 'ingest', result: 'error', reason, requests }, 'requests with telemetry were refused');
    },
    count(refused) {
      for (const { signal, reason, count } of refused)
        metrics.add('tracepost.ingest.refused', count, { 'tracepost.signal': signal, 'tracepost.reason': reason });
    },
  };
}
