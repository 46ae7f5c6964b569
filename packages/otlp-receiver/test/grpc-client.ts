import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { TOKEN } from './receiver.ts';

export const METHODS = {
  spans: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
} as const;

export interface Call {
  readonly method?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly isGzip?: boolean;
}

/** The status that a call ended with, and the message of one that succeeded. */
export type Answer = { readonly code: 0; readonly body: Buffer } | (ServiceError & { readonly body?: undefined });

/** One call of gRPC's own JavaScript client, bytes in and bytes out. */
export async function callExport(
  address: string,
  bytes: Uint8Array,
  { method = METHODS.spans, metadata = { authorization: `Bearer ${TOKEN}` }, isGzip = false }: Call = {},
): Promise<Answer> {
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.default_compression_algorithm': isGzip ? 2 : 0,
    'grpc.max_send_message_length': -1,
  });
  const same = (buffer: Buffer): Buffer => buffer;
  const headers = new Metadata();
  for (const [key, value] of Object.entries(metadata)) headers.set(key, value);
  try {
    return await new Promise<Answer>((resolve) => {
      const deadline = Date.now() + 20_000;
      client.makeUnaryRequest(method, same, same, Buffer.from(bytes), headers, { deadline }, (error, body) =>
        resolve(error ?? { code: 0, body: body ?? Buffer.alloc(0) }),
      );
    });
  } finally {
    client.close();
  }
}
