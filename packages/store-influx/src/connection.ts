import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { InfluxDB } from '@influxdata/influxdb-client';

export interface ConnectionSettings {
  readonly url: string;
  readonly org: string;
  readonly token: string;
  /** For one exchange from its first byte to its last; 15,000 when none is given. */
  readonly timeoutMs?: number;
}

/** Sockets to one InfluxDB, and the promise that everything under way has ended when `close` resolves. */
export interface Connection {
  readonly org: string;
  /** Runs one exchange with a client that gives up, socket and all, when its time is over. */
  use<T>(work: (client: InfluxDB) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

const MAX_SOCKETS = 8;

export function createConnection({ url, org, token, timeoutMs = 15_000 }: ConnectionSettings): Connection {
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const agent = url.startsWith('https:') ? new HttpsAgent(options) : new HttpAgent(options);
  const underWay = new Set<Promise<unknown>>();
  let isClosed = false;

  return {
    org,
    use(work) {
      if (isClosed) return Promise.reject(new Error('the store is closed'));
      // The driver's own timeout counts silence only and leaves the socket open; a signal ends the request as a whole.
      // Signals can be given to a client alone, so each exchange has its own client; the sockets are shared.
      const signal = AbortSignal.timeout(timeoutMs);
      const client = new InfluxDB({ url, token, timeout: timeoutMs, transportOptions: { agent, signal } });
      const exchange = work(client);
      underWay.add(exchange);
      return exchange.finally(() => underWay.delete(exchange));
    },
    async close() {
      isClosed = true;
      await Promise.allSettled(underWay);
      agent.destroy();
    },
  };
}
