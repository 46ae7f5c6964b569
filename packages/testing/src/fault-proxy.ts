import { connect, createServer, type Socket } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Stands between a client and a server on this machine, and does to their connections what networks do. */
export interface FaultProxy extends AsyncDisposable {
  readonly port: number;
  /** Connections that are open now. */
  readonly connections: number;
  /** Breaks what is open with a reset and refuses what comes, until `restore`. */
  cut(): void;
  /** Breaks what is open with a reset; new connections go through. */
  reset(): void;
  /** Takes everything and delivers nothing, in both directions: packets are swallowed, nobody is told. */
  blackHole(): void;
  /** Delivers what the client sends and swallows what the server answers. */
  swallowAnswers(): void;
  /** As if nothing had been; what was swallowed stays swallowed. */
  restore(): void;
  close(): Promise<void>;
}

/** A proxy on a free port of loopback in front of `port`. */
export async function startFaultProxy({ port: target }: { readonly port: number }): Promise<FaultProxy> {
  const pairs = new Set<{ readonly client: Socket; readonly server: Socket }>();
  let mode: 'open' | 'cut' | 'black-hole' | 'no-answers' = 'open';

  const listener = createServer((client) => {
    if (mode === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const server = connect(target, LOOPBACK);
    const pair = { client, server };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    client.on('data', (bytes) => {
      if (mode !== 'black-hole') server.write(bytes);
    });
    server.on('data', (bytes) => {
      if (mode === 'open') client.write(bytes);
    });
    for (const socket of [client, server]) socket.on('error', end);
    // What one has said reaches the other, who may be slow, also when it has closed since.
    client.on('close', () => server.destroySoon());
    server.on('close', () => {
      pairs.delete(pair);
      client.destroySoon();
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, LOOPBACK, resolve));

  const reset = (): void => {
    for (const { client, server } of pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
  };
  const close = async (): Promise<void> => {
    const closed = new Promise((resolve) => listener.close(resolve));
    reset();
    await closed;
  };
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('The system gave no port');
  return {
    port: address.port,
    get connections() {
      return pairs.size;
    },
    cut() {
      mode = 'cut';
      reset();
    },
    reset,
    blackHole() {
      mode = 'black-hole';
    },
    swallowAnswers() {
      mode = 'no-answers';
    },
    restore() {
      mode = 'open';
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
