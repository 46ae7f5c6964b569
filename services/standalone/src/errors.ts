/** Something else listens on a port of OTLP, another collector most often: nothing was started. */
export class OtlpPortTakenError extends Error {
  readonly code = 'standalone/otlp-port-taken';
  readonly isRetryable = false;

  constructor(port: number, variable: string, cause: unknown) {
    super(
      `Port ${port} on 127.0.0.1 is taken by another program; stop it, or set ${variable} to another port, or to off when no other program is to send its telemetry here.`,
      { cause },
    );
  }
}
