import { LOOPBACK, startContainer } from './container.ts';
import { useServer } from './use-server.ts';

export interface JaegerServer extends AsyncDisposable {
  /** The query API and the web page. */
  readonly url: string;
  /** Where spans go in: `POST {otlpHttpUrl}/v1/traces`. */
  readonly otlpHttpUrl: string;
  /** OTLP over gRPC. */
  readonly otlpGrpcUrl: string;
  stop(): Promise<void>;
}

/**
 * Spans in Badger, as an installation has them: what is kept in memory comes back differently (lists in attributes stay
 * lists, and a span sent twice is there twice).
 */
const CONFIG = `
extensions:
  healthcheckv2: { use_v2: true, http: { endpoint: "0.0.0.0:13133", status: { enabled: true, path: /status } } }
  jaeger_storage:
    backends:
      spans: { badger: { ephemeral: false, directories: { keys: /tmp/keys, values: /tmp/values }, ttl: { spans: 720h } } }
  jaeger_query:
    storage: { traces: spans }
    http: { endpoint: "0.0.0.0:16686" }
    grpc: { endpoint: "0.0.0.0:16685" }
receivers:
  otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" }, http: { endpoint: "0.0.0.0:4318" } } }
exporters:
  jaeger_storage_exporter: { trace_storage: spans }
service:
  extensions: [jaeger_storage, jaeger_query, healthcheckv2]
  pipelines:
    traces: { receivers: [otlp], exporters: [jaeger_storage_exporter] }
`;

/** A Jaeger that keeps its spans in a folder inside its container. */
export async function startJaeger(): Promise<JaegerServer> {
  const container = await startContainer({
    image: 'jaegertracing/jaeger:2.13.0',
    ports: [16686, 4317, 4318, 13133],
    files: [{ target: '/etc/jaeger/config.yaml', content: CONFIG }],
    command: ['--config', '/etc/jaeger/config.yaml'],
    waitFor: (wait) => wait.forHttp('/status', 13133),
  });
  return {
    url: `http://${LOOPBACK}:${container.port(16686)}`,
    otlpHttpUrl: `http://${LOOPBACK}:${container.port(4318)}`,
    otlpGrpcUrl: `http://${LOOPBACK}:${container.port(4317)}`,
    stop: container.stop,
    [Symbol.asyncDispose]: container.stop,
  };
}

/** One Jaeger for all tests of the surrounding suite. */
export function useJaeger(): () => JaegerServer {
  return useServer(startJaeger);
}
