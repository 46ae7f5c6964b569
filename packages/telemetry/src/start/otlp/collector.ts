import type { LogLevel } from '@tracepost/contracts';
import { createTelemetry } from '../../telemetry.ts';
import type { SendOutcome } from '../filling.ts';
import type { CallResult, GrpcClientOptions } from './grpc-client.ts';

export interface CollectorOptions extends GrpcClientOptions {
  readonly serviceName: string;
  readonly logLevel: LogLevel | 'silent';
}

/** How one signal travels. */
export interface Method {
  readonly name: string;
  /** From the answer of a collector that took the request, but not all of it. */
  readonly countRejected: (response: Uint8Array) => number | string | undefined;
}

export interface Collector {
  send(method: Method, request: Uint8Array, count: number, abort: AbortSignal): Promise<SendOutcome>;
  close(): void;
}

/**
 * A collector, over a plain gRPC client instead of the SDK's exporters: those neither retry nor tell how much of a batch was rejected. The
 * client is loaded beside the start, since nothing needs it before the first batch.
 */
export function createCollector({ serviceName, logLevel, ...options }: CollectorOptions): Collector {
  const { logger } = createTelemetry({ serviceName, terminalLevel: logLevel });
  const client = import('./grpc-client.ts').then(({ createGrpcClient }) => createGrpcClient(options));
  client.catch(() => {});
  let isReachable = true;

  /** One line when the collector is lost and one when it is back, however often is tried in between. */
  const note = (result: CallResult): void => {
    const isTaking = result.status === 'answered' || !result.isRetryable;
    if (isTaking === isReachable) return;
    isReachable = isTaking;
    const fields = { action: 'service:collector:export', result: isTaking ? 'success' : 'error' } as const;
    if (isTaking) logger.info(fields, 'the collector takes telemetry again');
    else
      logger.warn(
        { ...fields, reason: result.reason },
        'the collector does not take telemetry; it waits here, within its limits',
      );
  };

  return {
    send: async ({ name, countRejected }, request, count, abort) => {
      const result = await (await client).call(`/opentelemetry.proto.collector.${name}/Export`, request, abort);
      note(result);
      if (result.status === 'answered') return taken(rejectedIn(result.response, countRejected), 'collector_rejected');
      if (result.isRetryable) return { status: 'later', reason: result.reason };
      return taken(count, result.reason);
    },
    close: () => {
      client.then((open) => open.close()).catch(() => {});
    },
  };
}

function taken(lost: number, reason: string): SendOutcome {
  return { status: 'taken', refused: lost > 0 ? [{ reason, count: lost }] : [] };
}

/** An answer that cannot be read still says that the request was taken. */
function rejectedIn(response: Uint8Array, countRejected: Method['countRejected']): number {
  try {
    return Number(countRejected(response) ?? 0);
  } catch {
    return 0;
  }
}
