import type { Readable } from 'node:stream';
import type { ArtifactInfo } from '@tracepost/contracts';

/** Images and other large things that travel beside the message. */
export interface ArtifactStore {
  /**
   * Streams to disk and is durable when it resolves. Rejects with `ArtifactTooLargeError` past `maxBytes`, keeping
   * nothing.
   */
  put(content: Readable | Buffer, options: { contentType: string; maxBytes: number }): Promise<ArtifactInfo>;
  /** Null when there is no such artifact. */
  get(artifactId: string): Promise<{ info: ArtifactInfo; open(): Readable } | null>;
  /** Reads it whole; null when there is none. */
  read(artifactId: string): Promise<{ info: ArtifactInfo; content: Buffer } | null>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Larger than the limit that was named; nothing was kept. */
export class ArtifactTooLargeError extends Error {
  readonly code = 'stores/artifact-too-large';
  readonly isRetryable = false;
}
