import { ChannelCredentials, Client, Metadata, status } from '@grpc/grpc-js';

export type CallResult =
  | { readonly status: 'answered'; readonly response: Uint8Array }
  /** `reason` is the name of the gRPC status, in lower case. */
  | { readonly status: 'failed'; readonly isRetryable: boolean; readonly reason: string };

export interface GrpcClientOptions {
  /** `http://host:port`, or `https://` for TLS. */
  readonly endpoint: string;
  readonly callTimeoutMs: number;
}

export interface GrpcClient {
  call(method: string, request: Uint8Array, abort: AbortSignal): Promise<CallResult>;
  close(): void;
}

const LONGEST_REPLY_BYTES = 65_536;

/** What the OTLP specification calls retryable; anything else no retry can mend. */
const RETRYABLE: ReadonlySet<status> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
]);

/** Unary calls with bytes in and bytes out; connects when first used, and again by itself. */
export function createGrpcClient({ endpoint, callTimeoutMs }: GrpcClientOptions): GrpcClient {
  const { host, protocol } = new URL(endpoint);
  const credentials = protocol === 'https:' ? ChannelCredentials.createSsl() : ChannelCredentials.createInsecure();
  const client = new Client(host, credentials, {
    'grpc.max_receive_message_length': LONGEST_REPLY_BYTES,
    'grpc.initial_reconnect_backoff_ms': 500,
    'grpc.max_reconnect_backoff_ms': 5_000,
  });

  return {
    call: (method, request, abort) =>
      new Promise((resolve) => {
        const call = client.makeUnaryRequest(
          method,
          asBuffer,
          asBuffer,
          request,
          new Metadata(),
          { deadline: Date.now() + callTimeoutMs },
          (error, response) => {
            abort.removeEventListener('abort', cancel);
            resolve(error ? failed(error.code) : { status: 'answered', response: response ?? new Uint8Array() });
          },
        );
        const cancel = () => call.cancel();
        abort.addEventListener('abort', cancel, { once: true });
      }),
    close: () => client.close(),
  };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function failed(code: status): CallResult {
  return { status: 'failed', isRetryable: RETRYABLE.has(code), reason: (status[code] ?? 'unknown').toLowerCase() };
}
