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

/** A Jaeger that keeps its spans in memory. */
export async function startJaeger(): Promise<JaegerServer> {
  const container = await startContainer({
    image: 'jaegertracing/jaeger:2.13.0',
    ports: [16686, 4317, 4318, 13133],
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
