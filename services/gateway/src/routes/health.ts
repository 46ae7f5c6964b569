import { Check, CheckStatus, StatusView } from '@tracepost/contracts';
import { VERSION } from '@tracepost/telemetry';
import Type from 'typebox';
import type { HealthMonitor } from '../health/health-monitor.ts';
import type { Ledger } from '../health/ledger.ts';
import type { StorageSize } from '../health/storage-size.ts';
import type { GatewayServer } from '../http/server.ts';

export interface HealthRouteOptions {
  readonly monitor: HealthMonitor;
  readonly ledger: Ledger;
  readonly storage: StorageSize;
  /** For a person: what is kept for how long. */
  readonly retention: Readonly<Record<string, string>>;
  readonly isStopping: () => boolean;
}

const Short = Type.Object({ status: CheckStatus, version: Type.String(), uptimeSeconds: Type.Number() });
const Live = Type.Object({ status: Type.Literal('live') });
const Ready = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('not ready')]),
  failing: Type.Array(Check),
});

/** All are answered from what the background checks have found: cheap, and never held up by a store that hangs. */
export function addHealthRoutes(
  app: GatewayServer,
  { monitor, ledger, storage, retention, isStopping }: HealthRouteOptions,
): void {
  const quiet = { config: { isQuiet: true } };
  const startedMs = performance.now();
  const uptimeSeconds = (): number => Math.round(performance.now() - startedMs) / 1_000;

  app.get(
    '/health',
    { ...quiet, schema: { summary: 'Status in short', tags: ['health'], response: { 200: Short } } },
    (_request, reply) => {
      reply.header('cache-control', 'no-store');
      reply.code(200).send({ status: monitor.status(), version: VERSION, uptimeSeconds: uptimeSeconds() });
    },
  );
  app.get(
    '/health/live',
    { ...quiet, schema: { summary: 'The process turns', tags: ['health'], response: { 200: Live } } },
    (_request, reply) => {
      reply.code(200).send({ status: 'live' });
    },
  );
  app.get(
    '/health/ready',
    {
      ...quiet,
      schema: {
        summary: 'Work can make progress',
        description: '503 with the failing checks while it cannot.',
        tags: ['health'],
        response: { 200: Ready, 503: Ready },
      },
    },
    (_request, reply) => {
      const failing = monitor.failing();
      const isReady = failing.length === 0 && !isStopping();
      reply.header('cache-control', 'no-store');
      reply.code(isReady ? 200 : 503).send({ status: isReady ? 'ready' : 'not ready', failing });
    },
  );
  app.get(
    '/api/v1/status',
    {
      ...quiet,
      schema: {
        summary: 'Every check, what was recorded and what was lost',
        tags: ['health'],
        response: { 200: StatusView },
      },
    },
    (_request, reply) => {
      const { recorded, losses, rows } = ledger.read();
      reply.header('cache-control', 'no-store');
      reply.code(200).send({
        status: monitor.status(),
        version: VERSION,
        uptimeSeconds: uptimeSeconds(),
        checks: monitor.checks(),
        recorded,
        losses,
        ledger: rows,
        retention,
        // No budget can be set yet.
        storage: { usedBytes: storage.usedBytes(), budgetBytes: null },
      });
    },
  );
}
