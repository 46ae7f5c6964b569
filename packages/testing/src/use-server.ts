import { afterAll, beforeAll } from 'vitest';

/**
 * Starts a server before the tests of the surrounding suite and stops it after them. What it gives is asked for inside
 * tests and hooks: `const rabbit = useRabbitMq(); test('…', () => connect(rabbit().url))`.
 */
export function useServer<T extends AsyncDisposable>(start: () => Promise<T>): () => T {
  let server: T | undefined;
  beforeAll(async () => {
    server = await start();
  }, 120_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    server = undefined;
  }, 60_000);
  return () => {
    if (!server) throw new Error('The server runs only while the tests of its suite run');
    return server;
  };
}
