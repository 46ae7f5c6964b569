import { createServer, type Server } from 'node:http';

/** True while work can make progress; a reason when not. */
export type ReadyCheck = () => { readonly isReady: boolean; readonly message: string };

export interface HealthServer {
  start(): Promise<{ port: number }>;
  close(): Promise<void>;
}

/**
 * `GET /health/live` and `/health/ready` on loopback, for the container's health check of a service that has no
 * HTTP of its own. Ready is 503 with the failing checks' messages.
 */
export function createHealthServer({
  port,
  checks,
}: {
  readonly port: number;
  readonly checks: Readonly<Record<string, ReadyCheck>>;
}): HealthServer {
  const server: Server = createServer((request, response) => {
    const answer = (status: number, body: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.url === '/health/live') return answer(200, { status: 'live' });
    if (request.url !== '/health/ready') return answer(404, { status: 'unknown' });
    const failing = Object.entries(checks)
      .map(([name, check]) => ({ name, ...check() }))
      .filter((check) => !check.isReady);
    return answer(failing.length === 0 ? 200 : 503, { status: failing.length === 0 ? 'ready' : 'not ready', failing });
  });
  server.requestTimeout = 5_000;
  server.headersTimeout = 5_000;
  server.maxConnections = 100;

  return {
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', () => {
          const address = server.address();
          resolve({ port: typeof address === 'object' && address ? address.port : port });
        });
      }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
