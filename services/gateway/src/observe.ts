import type { Telemetry } from '@tracepost/telemetry';
import type { QueueDepths } from './agents/queue-depths.ts';
import { DEPENDENCIES } from './health/checks.ts';
import type { HealthMonitor } from './health/health-monitor.ts';

/** Shows as metrics what the background looks have found; the returned function ends it. */
export function observeGateway(
  { metrics }: Telemetry,
  { depths, monitor }: { readonly depths: QueueDepths; readonly monitor: HealthMonitor },
): () => void {
  const endings = [
    metrics.observe('tracepost.queue.depth', () =>
      [...depths.read()].map(([queue, value]) => ({
        value,
        attributes: { 'tracepost.queue': queue, 'tracepost.queue.state': 'ready' },
      })),
    ),
    metrics.observe('tracepost.dependency.up', () =>
      monitor
        .checks()
        .filter((check) => DEPENDENCIES.has(check.name))
        .map((check) => ({
          value: check.status === 'healthy' ? 1 : 0,
          attributes: { 'tracepost.dependency': check.name },
        })),
    ),
  ];
  return () => {
    for (const end of endings) end();
  };
}
