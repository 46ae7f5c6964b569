import type { Client } from '../../end-to-end/client.ts';

/** A running Tracepost with its doors: what a program outside knows of it. */
export interface Installation extends AsyncDisposable {
  readonly name: 'embedded' | 'full';
  readonly client: Client;
  readonly otlpHttpUrl: string;
  /** `host:port`. */
  readonly otlpGrpcAddress: string;
}
