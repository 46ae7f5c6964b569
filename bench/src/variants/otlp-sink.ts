import { Server, ServerCredentials, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { sayReady } from './ready.ts';

// Takes OTLP over gRPC and throws it away, unread: what an exporter costs, without what a collector costs.
const server = new Server({ 'grpc.max_receive_message_length': -1 });
const signals = { trace: 'TraceService', metrics: 'MetricsService', logs: 'LogsService' };
for (const [signal, service] of Object.entries(signals)) {
  const path = `/opentelemetry.proto.collector.${signal}.v1.${service}/Export`;
  const definition = {
    Export: {
      path,
      requestStream: false,
      responseStream: false,
      requestSerialize: (bytes: Buffer) => bytes,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  };
  const take: UntypedServiceImplementation = {
    Export: (_call: unknown, answer: (error: null, bytes: Buffer) => void) => answer(null, Buffer.alloc(0)),
  };
  server.addService(definition, take);
}
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  sayReady({ url: `http://127.0.0.1:${port}` });
});
