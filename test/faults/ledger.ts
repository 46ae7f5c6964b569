import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What happened outside of the system, kept where no fault reaches: the effects that handlers had on the world, by key.
 * Handlers call it over HTTP, as they would call a payment service.
 */
export interface EffectLedger extends AsyncDisposable {
  readonly url: string;
  /** How often the effect of this key happened. */
  countOf(key: string): number;
  readonly keys: readonly string[];
  /** What it answers instead of doing anything, until it is told otherwise; null does the effect. */
  answerWith(answer: { readonly status: number; readonly retryAfterSeconds?: number } | null): void;
  /** Called when an effect has just happened, before its caller hears of it; null for nobody. */
  onEffect(listener: ((key: string) => Promise<void>) | null): void;
  /** Calls that came, also those that were turned away. */
  readonly calls: number;
}

export async function startEffectLedger(): Promise<EffectLedger> {
  const effects = new Map<string, number>();
  let refusal: { readonly status: number; readonly retryAfterSeconds?: number } | null = null;
  let calls = 0;
  let listener: ((key: string) => Promise<void>) | null = null;
  const server: Server = createServer((request, response) => {
    calls++;
    request.resume();
    if (refusal) {
      const headers = refusal.retryAfterSeconds === undefined ? {} : { 'retry-after': `${refusal.retryAfterSeconds}` };
      response.writeHead(refusal.status, headers).end();
      return;
    }
    const key = decodeURIComponent((request.url ?? '/').slice(1));
    effects.set(key, (effects.get(key) ?? 0) + 1);
    void (listener?.(key) ?? Promise.resolve()).finally(() => response.writeHead(204).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    countOf: (key) => effects.get(key) ?? 0,
    get keys() {
      return [...effects.keys()];
    },
    answerWith(answer) {
      refusal = answer;
    },
    onEffect(next) {
      listener = next;
    },
    get calls() {
      return calls;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
