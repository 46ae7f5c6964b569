import type { ServiceLife } from '@tracepost/config';
import type { SignalSink } from '@tracepost/contracts';
import { createOtlpReceiver } from '@tracepost/otlp-receiver';
import type { Telemetry } from '@tracepost/telemetry';
import { OtlpPortTakenError } from './errors.ts';

export interface ReceiverParts {
  readonly otlpGrpcPort: number | null;
  readonly otlpHttpPort: number | null;
  readonly sink: SignalSink;
  readonly telemetry: Telemetry;
  readonly onStop: ServiceLife['onStop'];
}

export interface ReceiverUrls {
  readonly otlpGrpcUrl: string | null;
  readonly otlpHttpUrl: string | null;
}

/** On loopback whatever the gateway listens on: there is no token that others could show. */
const HOST = '127.0.0.1';

/** Where other programs send their telemetry. Rejects with `OtlpPortTakenError`. */
export async function startReceiver(parts: ReceiverParts): Promise<ReceiverUrls> {
  const { otlpGrpcPort: grpcPort, otlpHttpPort: httpPort, sink, telemetry, onStop } = parts;
  const receiver = createOtlpReceiver({ host: HOST, httpPort, grpcPort, token: null, sink, telemetry });
  onStop(() => receiver.close());
  try {
    const { grpcUrl, httpUrl } = await receiver.start();
    return { otlpGrpcUrl: grpcUrl, otlpHttpUrl: httpUrl };
  } catch (error) {
    const { code, port } = error as NodeJS.ErrnoException & { readonly port?: number };
    if (code !== 'EADDRINUSE' || port === undefined) throw error;
    throw new OtlpPortTakenError(
      port,
      port === grpcPort ? 'TRACEPOST_OTLP_GRPC_PORT' : 'TRACEPOST_OTLP_HTTP_PORT',
      error,
    );
  }
}
