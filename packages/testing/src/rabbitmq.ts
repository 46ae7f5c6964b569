import { connect } from 'node:net';
import { LOOPBACK, type RunningContainer, startContainer } from './container.ts';
import { until } from './until.ts';
import { useServer } from './use-server.ts';

const USERNAME = 'tester';
const PASSWORD = 'secret of the tests';
const AMQP_PORT = 5672;
const MANAGEMENT_PORT = 15672;

export interface RabbitMqServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Without credentials. */
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Base of the management API, for what a client cannot see. */
  readonly managementUrl: string;
  /** Kills the broker and starts it again on the same data and port; queues may be as young as they like. */
  restart(): Promise<void>;
  /** `rabbitmqctl` inside the container; gives its output. */
  ctl(...args: string[]): Promise<string>;
  /** Has the broker close every client connection, as an operator would. */
  closeAllConnections(): Promise<void>;
  stop(): Promise<void>;
}

/** A RabbitMQ of its own, about six seconds after the call. */
export async function startRabbitMq(): Promise<RabbitMqServer> {
  const container = await startContainer({
    image: 'rabbitmq:4.3-management',
    ports: [AMQP_PORT, MANAGEMENT_PORT],
    environment: { RABBITMQ_DEFAULT_USER: USERNAME, RABBITMQ_DEFAULT_PASS: PASSWORD },
    // Its own word is the one that counts, and it is asked for below.
    waitFor: (wait) => wait.forSuccessfulCommand('true'),
    prepare: ({ port }) => until(() => speaksAmqp(port(AMQP_PORT)), { timeoutMs: 90_000, what: 'RabbitMQ to answer' }),
  });
  return rabbitMqServer(container);
}

/** One RabbitMQ for all tests of the surrounding suite. */
export function useRabbitMq(): () => RabbitMqServer {
  return useServer(startRabbitMq);
}

function rabbitMqServer(container: RunningContainer): RabbitMqServer {
  const port = container.port(AMQP_PORT);
  const ctl = (...args: string[]): Promise<string> => container.exec(['rabbitmqctl', '--quiet', ...args]);
  return {
    host: LOOPBACK,
    port,
    url: `amqp://${LOOPBACK}:${port}`,
    username: USERNAME,
    password: PASSWORD,
    managementUrl: `http://${LOOPBACK}:${container.port(MANAGEMENT_PORT)}`,
    ctl,
    async restart() {
      // RabbitMQ notes a new quorum queue on disk up to some seconds after it confirms messages in it. Killed before, it
      // comes back with the queue empty, which would be a test of that and of nothing else: so it is made to note it now.
      await ctl('eval', '[dets:sync(Table) || Table <- dets:all()].');
      await container.started.restart({ timeout: 0 });
      await until(() => speaksAmqp(port), { timeoutMs: 60_000, what: 'RabbitMQ to answer again' });
    },
    async closeAllConnections() {
      await ctl('close_all_connections', 'asked for by a test');
    },
    stop: container.stop,
    [Symbol.asyncDispose]: container.stop,
  };
}

/** A published port takes connections before anything listens behind it, so the broker has to say something. */
function speaksAmqp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, LOOPBACK, () => socket.write('AMQP\x00\x00\x09\x01'));
    const answer = (speaks: boolean): void => {
      socket.destroy();
      resolve(speaks);
    };
    socket.setTimeout(2_000, () => answer(false));
    socket.once('data', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('end', () => answer(false));
  });
}
