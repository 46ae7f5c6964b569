import { freePort, LOOPBACK, startContainer } from './container.ts';
import { until } from './until.ts';

/** A toxic of Toxiproxy: `latency`, `bandwidth`, `slicer`, `timeout`, `reset_peer`, … with its attributes. */
export interface Toxic {
  readonly type: string;
  readonly stream?: 'upstream' | 'downstream';
  readonly attributes: Readonly<Record<string, number>>;
}

/** One server on loopback behind Toxiproxy, which does to its connections what networks do. */
export interface ToxicLink extends AsyncDisposable {
  readonly port: number;
  /** Adds a toxic until `heal`; several add up. */
  poison(toxic: Toxic): Promise<void>;
  /** Closes every connection and refuses new ones until `heal`. */
  cut(): Promise<void>;
  /** Takes every toxic away and lets connections through. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** Toxiproxy in front of `port`. It shares the network of this machine, and listens on loopback only. */
export async function startToxiproxy({ port: target }: { readonly port: number }): Promise<ToxicLink> {
  const [apiPort, port] = [await freePort(), await freePort()];
  const api = `http://${LOOPBACK}:${apiPort}`;
  const container = await startContainer({
    image: 'ghcr.io/shopify/toxiproxy:2.12.0',
    ports: [],
    networkMode: 'host',
    command: [`-host=${LOOPBACK}`, `-port=${apiPort}`],
    waitFor: (wait) => wait.forLogMessage(/Starting Toxiproxy HTTP server|Starting HTTP server/),
    prepare: () =>
      until(async () => (await fetch(`${api}/version`)).ok, { timeoutMs: 15_000, what: 'Toxiproxy to answer' }),
  });
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${api}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`Toxiproxy answered ${answer.status}: ${await answer.text()}`);
    return answer.status === 204 ? null : await answer.json();
  };
  const link = '/proxies/link';
  const settings = { name: 'link', listen: `${LOOPBACK}:${port}`, upstream: `${LOOPBACK}:${target}` };
  await call('POST', '/proxies', { ...settings, enabled: true });
  return {
    port,
    async poison({ type, stream = 'downstream', attributes }) {
      await call('POST', `${link}/toxics`, { type, stream, name: `${type}-${stream}`, attributes });
    },
    async cut() {
      await call('POST', link, { ...settings, enabled: false });
    },
    async heal() {
      const toxics = (await call('GET', `${link}/toxics`)) as { name: string }[];
      for (const { name } of toxics) await call('DELETE', `${link}/toxics/${name}`);
      await call('POST', link, { ...settings, enabled: true });
    },
    stop: container.stop,
    [Symbol.asyncDispose]: container.stop,
  };
}
