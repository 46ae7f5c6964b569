import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Telemetry } from './telemetry.ts';

const TICK_MS = 20;
type DelayMonitor = ReturnType<typeof monitorEventLoopDelay>;

/**
 * How the process itself is doing: uptime, memory, CPU, event loop delay. Called once per process; the returned function
 * ends it.
 */
export function observeProcess({ metrics }: Pick<Telemetry, 'metrics'>): () => void {
  const delay = monitorEventLoopDelay({ resolution: TICK_MS });
  delay.enable();
  let lastUsed = performance.eventLoopUtilization();
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
    ...observeDelays(metrics, delay),
    metrics.observe('nodejs.eventloop.utilization', () => {
      const used = performance.eventLoopUtilization();
      const since = performance.eventLoopUtilization(used, lastUsed);
      lastUsed = used;
      return [{ value: since.utilization }];
    }),
  ];
  return () => {
    for (const stop of stops) stop();
    delay.disable();
  };
}

/** Asked one after the other in each collection: the first looks, the others tell what it saw. */
function observeDelays(metrics: Telemetry['metrics'], delay: DelayMonitor): (() => void)[] {
  const look = () => ({
    min: delay.min,
    max: delay.max,
    mean: delay.mean,
    stddev: delay.stddev,
    p50: delay.percentile(50),
    p90: delay.percentile(90),
    p99: delay.percentile(99),
  });
  let seen = look();
  let count = 0;
  const read = (name: keyof typeof seen): number => {
    if (name === 'min') {
      count = delay.count;
      seen = look();
      delay.reset();
    }
    // The monitor measures from tick to tick: its own interval is no delay, and of a spread it changes nothing.
    const tickMs = name === 'stddev' ? 0 : TICK_MS;
    return count === 0 ? 0 : Math.max(0, seen[name] / 1e9 - tickMs / 1e3);
  };
  return DELAYS.map((name) => metrics.observe(`nodejs.eventloop.delay.${name}`, () => [{ value: read(name) }]));
}

const DELAYS = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'] as const;
