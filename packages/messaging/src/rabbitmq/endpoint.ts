import type { Options } from 'amqplib';

/** Where the broker is and who we are there. `label` is for people and logs: it never holds credentials. */
export interface Endpoint {
  readonly label: string;
  readonly connect: Options.Connect;
}

/** Missing two of them in a row ends a connection: after 12 to 18 seconds of silence, within the 20 that are promised. */
const HEARTBEAT_SECONDS = 6;

export interface EndpointOptions {
  /** `amqp://host:5672` or `amqps://host:5671`, with a virtual host as its path if it is not `/`. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export function parseEndpoint({ url, username, password }: EndpointOptions): Endpoint {
  const parts = URL.canParse(url) ? new URL(url) : undefined;
  const protocol = parts?.protocol.slice(0, -1);
  if (!parts || (protocol !== 'amqp' && protocol !== 'amqps')) {
    // Without what was given: a URL that is nearly right may hold a password.
    throw new TypeError('The address of the broker is not a URL like amqp://host:5672');
  }
  const hostname = parts.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  const port = parts.port === '' ? (protocol === 'amqps' ? 5671 : 5672) : Number(parts.port);
  return {
    label: `${hostname}:${port}`,
    connect: {
      protocol,
      hostname,
      port,
      username: username ?? (decodeURIComponent(parts.username) || 'guest'),
      password: password ?? (decodeURIComponent(parts.password) || 'guest'),
      vhost: parts.pathname.slice(1) || '/',
      heartbeat: HEARTBEAT_SECONDS,
    },
  };
}
