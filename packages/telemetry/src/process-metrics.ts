import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Telemetry } from './telemetry.ts';

const TICK_MS = 20;

/**
 * How the process itself is doing: uptime, memory, CPU, event loop delay. Called once per process; the returned function
 * ends it.
 */
export function observeProcess({ metrics }: Pick<Telemetry, 'metrics'>): () => void {
  const delay = monitorEventLoopDelay({ resolution: TICK_MS });
  delay.enable();
  let last = { cpu: process.cpuUsage(), at: performance.now() };

  const stops = [
    metrics.observe('process.uptime', () => [{ value: process.uptime() }]),
    metrics.observe('process.memory.usage', () => [{ value: process.memoryUsage.rss() }]),
    metrics.observe('process.cpu.utilization', () => {
      const now = { cpu: process.cpuUsage(), at: performance.now() };
      const usedMicros = now.cpu.user + now.cpu.system - last.cpu.user - last.cpu.system;
      const passedMicros = (now.at - last.at) * 1_000;
      last = now;
      return passedMicros > 0 ? [{ value: usedMicros / passedMicros }] : [];
    }),
    metrics.observe('nodejs.eventloop.delay.p99', () => {
      // The monitor measures from tick to tick: its own interval is no delay.
      const value = Math.max(0, delay.percentile(99) / 1e9 - TICK_MS / 1e3);
      delay.reset();
      return [{ value }];
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    delay.disable();
  };
}
