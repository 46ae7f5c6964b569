/** The store cannot answer now, or gave an answer that nobody can use; asking again later may help. */
export class StoreUnavailableError extends Error {
  readonly code = 'stores/unavailable';
  readonly isRetryable = true;
  override readonly name = 'StoreUnavailableError';
  /** `influxdb`, `jaeger`, `sqlite`, … */
  readonly system: string;

  constructor(system: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.system = system;
  }
}
