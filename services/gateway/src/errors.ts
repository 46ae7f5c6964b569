/** Something else listens on the port: nothing was started. */
export class PortTakenError extends Error {
  readonly code = 'gateway/port-taken';
  readonly isRetryable = false;

  constructor(host: string, port: number, cause: unknown) {
    super(`Port ${port} on ${host} is taken by another program; stop it, or choose another port with TRACEPOST_PORT.`, {
      cause,
    });
  }
}

/** The host can be reached from other machines, and there are no keys yet: nothing was started. */
export class OpenPortRefusedError extends Error {
  readonly code = 'gateway/open-port-refused';
  readonly isRetryable = false;

  constructor(host: string) {
    super(
      `TRACEPOST_HOST is "${host}", which other machines can reach, and requests need no key; use 127.0.0.1, or set TRACEPOST_LOCAL_ONLY=1 when whatever publishes the port does so on loopback only.`,
    );
  }
}
