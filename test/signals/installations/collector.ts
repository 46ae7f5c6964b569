import { readFileSync } from 'node:fs';
import { type RunningContainer, startContainer } from '@tracepost/testing';
import { freePorts } from '../../end-to-end/free-ports.ts';

const file = readFileSync(new URL('../../../otel-collector.yaml', import.meta.url), 'utf8');

export interface Collector extends AsyncDisposable {
  readonly otlpHttpUrl: string;
  /** `host:port`. */
  readonly otlpGrpcAddress: string;
  readonly container: RunningContainer;
}

export interface CollectorOptions {
  /** OTLP over gRPC. */
  readonly jaegerPort: number;
  /** OTLP over HTTP. */
  readonly analystPort: number;
  readonly ingestToken: string;
  /** Of each queue on its disk, instead of the file's own. */
  readonly queueBytes?: number;
}

/** The collector with the product's own file; only addresses are others, since here everything listens on loopback. */
export async function startCollector(options: CollectorOptions): Promise<Collector> {
  const { jaegerPort, analystPort, ingestToken, queueBytes } = options;
  const [grpc = 0, http = 0, health = 0] = await freePorts(3);
  const own = `{periodic: {interval: 10000, timeout: 5000, exporter: {otlp: {protocol: http/protobuf, endpoint: "http://127.0.0.1:${http}"}}}}`;
  const changes = {
    'extensions::healthcheckv2::http::endpoint': `127.0.0.1:${health}`,
    'receivers::otlp::protocols::grpc::endpoint': `127.0.0.1:${grpc}`,
    'receivers::otlp::protocols::http::endpoint': `127.0.0.1:${http}`,
    'exporters::otlp_grpc/jaeger::endpoint': `127.0.0.1:${jaegerPort}`,
    'exporters::otlp_http/analyst::endpoint': `http://127.0.0.1:${analystPort}`,
    'service::telemetry::metrics::readers': `[${own}]`,
    ...(queueBytes === undefined
      ? {}
      : {
          'exporters::otlp_grpc/jaeger::sending_queue::queue_size': String(queueBytes),
          'exporters::otlp_http/analyst::sending_queue::queue_size': String(queueBytes),
        }),
  };
  const container = await startContainer({
    image: 'otel/opentelemetry-collector-contrib:0.155.0',
    ports: [],
    // It has to reach processes on this machine; every address above is on loopback.
    networkMode: 'host',
    command: [
      '--config=/etc/tracepost/otel-collector.yaml',
      ...Object.entries(changes).map(([key, value]) => `--config=yaml:${key}: ${value}`),
    ],
    files: [
      { target: '/etc/tracepost/otel-collector.yaml', content: file },
      { target: '/run/tracepost/ingest-token', content: ingestToken },
    ],
    tmpfs: { '/var/lib/otelcol': 'rw,uid=10001,gid=10001' },
    waitFor: (wait) => wait.forLogMessage(/Everything is ready/),
  });
  return {
    otlpHttpUrl: `http://127.0.0.1:${http}`,
    otlpGrpcAddress: `127.0.0.1:${grpc}`,
    container,
    [Symbol.asyncDispose]: container.stop,
  };
}
