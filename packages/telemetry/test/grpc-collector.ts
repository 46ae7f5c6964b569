import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
  type status,
} from '@grpc/grpc-js';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';

export type Signal = 'spans' | 'logs' | 'metrics';

/** What the collector does with the next requests. */
export type Behaviour =
  | { readonly does: 'take' }
  | { readonly does: 'reject'; readonly count: number }
  | { readonly does: 'fail'; readonly code: status; readonly retryAfterSeconds?: number }
  | { readonly does: 'hang' };

export interface GrpcCollector {
  readonly endpoint: string;
  readonly port: number;
  /** Names of spans, bodies of log records and names of metrics that were taken, in order. */
  readonly taken: Readonly<Record<Signal, string[]>>;
  readonly requests: { readonly signal: Signal; readonly bytes: Buffer }[];
  /** Requests that the other side called off. */
  cancelled(): number;
  behave(behaviour: Behaviour): void;
  stop(): Promise<void>;
}

const SERVICES: Readonly<Record<Signal, string>> = {
  spans: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
};

/** A real gRPC server that speaks as much OTLP as a test of its client needs. */
export async function startGrpcCollector({ port = 0 }: { port?: number } = {}): Promise<GrpcCollector> {
  const taken: Record<Signal, string[]> = { spans: [], logs: [], metrics: [] };
  const requests: { signal: Signal; bytes: Buffer }[] = [];
  let behaviour: Behaviour = { does: 'take' };
  let cancelled = 0;

  const handler = (signal: Signal) => (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => {
    requests.push({ signal, bytes: call.request });
    call.on('cancelled', () => {
      cancelled += 1;
    });
    if (behaviour.does === 'hang') return;
    if (behaviour.does === 'fail') {
      const { code, retryAfterSeconds } = behaviour;
      const metadata = new Metadata();
      if (retryAfterSeconds !== undefined)
        metadata.set('grpc-status-details-bin', statusWithRetry(code, retryAfterSeconds));
      return answer({ code, details: 'told to', metadata });
    }
    const records = recordNames(signal, call.request);
    if (behaviour.does === 'reject') {
      taken[signal].push(...records.slice(behaviour.count));
      return answer(null, partialSuccess(behaviour.count));
    }
    taken[signal].push(...records);
    return answer(null, Buffer.alloc(0));
  };

  const server = new Server({ 'grpc.max_receive_message_length': 4 * 1_024 * 1_024 });
  for (const signal of ['spans', 'logs', 'metrics'] as const)
    server.register(
      SERVICES[signal],
      handler(signal),
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      'unary',
    );
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error ? reject(error) : resolve(at),
    );
  });

  return {
    endpoint: `http://127.0.0.1:${bound}`,
    port: bound,
    taken,
    requests,
    cancelled: () => cancelled,
    behave: (next) => {
      behaviour = next;
    },
    stop: async () => server.forceShutdown(),
  };
}

/** A port on which nothing listens (now). */
export async function freePort(): Promise<number> {
  const collector = await startGrpcCollector();
  await collector.stop();
  return collector.port;
}

/** Requests of all three signals are resources (1) that hold scopes (2) that hold records (2). */
export function recordNames(signal: Signal, request: Uint8Array): string[] {
  const records = fields(request, 1).flatMap((resource) => fields(resource, 2).flatMap((scope) => fields(scope, 2)));
  return records.map((record) => {
    if (signal === 'spans') return text(fields(record, 5)[0]);
    if (signal === 'metrics') return text(fields(record, 1)[0]);
    return text(fields(fields(record, 5)[0] ?? Buffer.alloc(0), 1)[0]);
  });
}

function fields(message: Uint8Array, wanted: number): Uint8Array[] {
  const reader = new BinaryReader(message);
  const found: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === wanted && wireType === WireType.LengthDelimited) found.push(reader.bytes());
    else reader.skip(wireType, field);
  }
  return found;
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}

function partialSuccess(rejected: number): Buffer {
  const answer = Buffer.from([0x0a, 0x02, 0x08, rejected]);
  // Only as good as the SDK's own reader finds it.
  if (ProtobufTraceSerializer.deserializeResponse(answer).partialSuccess?.rejectedSpans !== rejected)
    throw new Error('the test writes a partial success that cannot be read');
  return answer;
}

/** `google.rpc.Status` with `google.rpc.RetryInfo`, as a server sends it that wants to be left alone. */
function statusWithRetry(code: status, seconds: number): Buffer {
  const delay = new BinaryWriter()
    .uint32(1 << 3)
    .int64(seconds)
    .finish();
  const info = new BinaryWriter()
    .uint32((1 << 3) | 2)
    .bytes(delay)
    .finish();
  const any = new BinaryWriter()
    .uint32((1 << 3) | 2)
    .string('type.googleapis.com/google.rpc.RetryInfo')
    .uint32((2 << 3) | 2)
    .bytes(info)
    .finish();
  return Buffer.from(
    new BinaryWriter()
      .uint32(1 << 3)
      .int32(code)
      .uint32((3 << 3) | 2)
      .bytes(any)
      .finish(),
  );
}
