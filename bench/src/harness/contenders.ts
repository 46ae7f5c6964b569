import type { BenchBroker } from './broker.ts';
import { loadHttp } from './http-load.ts';
import { REQUEST } from './queues.ts';
import type { Contender } from './rounds.ts';
import type { Variant } from './variant.ts';

const CONNECTIONS = 64;

/** A variant under HTTP load, with the queues emptied after each round. */
export function httpContender(variant: Variant, broker: BenchBroker, queues: readonly string[]): Contender {
  return {
    name: variant.name,
    async run(seconds) {
      const before = variant.cpuMicros();
      const load = await loadHttp({ url: variant.ready.url ?? '', body: REQUEST, seconds, connections: CONNECTIONS });
      const cpu = variant.cpuMicros() - before;
      await broker.purge(queues);
      return { perSecond: load.perSecond, cpuMicrosPerItem: cpu / Math.max(1, load.done), lost: load.failed };
    },
  };
}

/** A variant that drives itself and is only asked how far it came. */
export function pipelineContender(variant: Variant, broker: BenchBroker, queues: readonly string[]): Contender {
  return {
    name: variant.name,
    async run(seconds) {
      const before = variant.cpuMicros();
      const { done, failed, elapsedMs } = await variant.ask<{ done: number; failed: number; elapsedMs: number }>({
        seconds,
      });
      const cpu = variant.cpuMicros() - before;
      const stored = await broker.purge(queues);
      // What was confirmed has to lie there.
      const lost = Math.max(0, done - stored) + failed;
      return { perSecond: done / (elapsedMs / 1000), cpuMicrosPerItem: cpu / Math.max(1, done), lost };
    },
  };
}

/** The same without a broker; it knows itself what it lost. */
export function ownContender(variant: Variant): Contender {
  return {
    name: variant.name,
    async run(seconds) {
      const before = variant.cpuMicros();
      const { done, lost, elapsedMs } = await variant.ask<{ done: number; lost: number; elapsedMs: number }>({
        seconds,
      });
      const cpu = variant.cpuMicros() - before;
      return { perSecond: done / (elapsedMs / 1_000), cpuMicrosPerItem: cpu / Math.max(1, done), lost };
    },
  };
}

export function brokerEnv(broker: BenchBroker): Record<string, string> {
  const { url, username, password } = broker;
  return {
    BENCH_AMQP_URL: url.replace('amqp://', `amqp://${username}:${password}@`),
    BENCH_AMQP_HOST_URL: url,
    BENCH_AMQP_USER: username,
    BENCH_AMQP_PASSWORD: password,
  };
}
