import { createServer } from 'node:net';
import type { GenericContainer, StartedTestContainer, WaitStrategy } from 'testcontainers';

export const LOOPBACK = '127.0.0.1';

export interface ContainerOptions {
  readonly image: string;
  /** Ports inside the container; each gets a port on loopback that stays the same when the container is restarted. */
  readonly ports: readonly number[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly files?: readonly { readonly target: string; readonly content: string }[];
  readonly tmpfs?: Readonly<Record<string, string>>;
  /** `host` for a container that has to reach loopback itself; it must listen there and nowhere else. */
  readonly networkMode?: 'host';
  readonly waitFor: (wait: typeof import('testcontainers').Wait) => WaitStrategy;
  /** What is still to be done or waited for; when it fails, the container is stopped again. */
  readonly prepare?: (container: RunningContainer) => Promise<unknown>;
}

export interface RunningContainer extends AsyncDisposable {
  readonly started: StartedTestContainer;
  /** The port on loopback behind which `containerPort` is reached. */
  port(containerPort: number): number;
  /** Runs a command inside; its standard output. Throws when it fails. */
  exec(command: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Starts one container, reachable on loopback only, and gives it when it is ready. */
export async function startContainer(options: ContainerOptions): Promise<RunningContainer> {
  // The library's own cleaner is one more container to pull; here every container is stopped by whoever started it.
  // It is read when the first container starts, so it is set before the library is loaded.
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  // Every port is published on loopback. The library would ask the bridge's gateway wherever a /.dockerenv lies.
  process.env.TESTCONTAINERS_HOST_OVERRIDE = LOOPBACK;
  const library = await import('testcontainers');
  const hostPorts = new Map<number, number>();
  for (const port of options.ports) hostPorts.set(port, await freePort());

  const container = onLoopback(library.GenericContainer, options.image, hostPorts)
    .withEnvironment({ ...options.environment })
    .withTmpFs({ ...options.tmpfs })
    .withWaitStrategy(options.waitFor(library.Wait))
    .withStartupTimeout(90_000);
  if (options.networkMode) container.withNetworkMode(options.networkMode);
  if (options.command) container.withCommand([...options.command]);
  if (options.files) container.withCopyContentToContainer([...options.files]);

  const started = running(await container.start(), hostPorts);
  try {
    await options.prepare?.(started);
  } catch (error) {
    await started.stop();
    throw error;
  }
  return started;
}

/** testcontainers publishes on every address of the machine; only here can the address be said. */
function onLoopback(
  Base: typeof GenericContainer,
  image: string,
  hostPorts: ReadonlyMap<number, number>,
): GenericContainer {
  class LoopbackContainer extends Base {
    constructor() {
      super(image);
      this.withExposedPorts(...[...hostPorts].map(([container, host]) => ({ container, host })));
      for (const [container, host] of hostPorts) {
        this.hostConfig.PortBindings[`${container}/tcp`] = [{ HostIp: LOOPBACK, HostPort: String(host) }];
      }
    }
  }
  return new LoopbackContainer();
}

function running(started: StartedTestContainer, hostPorts: ReadonlyMap<number, number>): RunningContainer {
  let stopping: Promise<unknown> | undefined;
  const stop = async (): Promise<void> => {
    stopping ??= started.stop();
    await stopping;
  };
  return {
    started,
    stop,
    port(containerPort) {
      const port = hostPorts.get(containerPort);
      if (port === undefined) throw new Error(`Port ${containerPort} was not asked for`);
      return port;
    },
    async exec(command) {
      const { exitCode, output } = await started.exec([...command]);
      if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode}: ${output}`);
      return output;
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Asked for beforehand and not left to Docker, which would choose another one at each restart. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('The system gave no port');
  return address.port;
}
