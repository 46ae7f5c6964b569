import type { SessionDocument } from '@tracepost/contracts';

/** What is kept of this session cannot be read, whoever asks and however often; import its transcript again, or recompute it where only its analysis is damaged. */
export class SessionDamagedError extends Error {
  readonly code = 'stores/session-damaged';
  readonly isRetryable = false;
  override readonly name = 'SessionDamagedError';
  readonly sessionId: string;
  /** Of what is kept: a write in its place names it. */
  readonly version: number;
  readonly takenAtMs: number;
  /** Null: it is the document that cannot be read. Else the analysis can be made anew from it. */
  readonly document: SessionDocument | null;

  constructor(
    kept: Pick<SessionDamagedError, 'sessionId' | 'version' | 'takenAtMs' | 'document'>,
    options?: ErrorOptions,
  ) {
    const { sessionId, document } = kept;
    super(
      document === null
        ? `The document of the session ${sessionId} is damaged where it is kept; import its transcript again.`
        : `The analysis of the session ${sessionId} is damaged where it is kept; recompute it, or import its transcript again.`,
      options,
    );
    this.sessionId = sessionId;
    this.version = kept.version;
    this.takenAtMs = kept.takenAtMs;
    this.document = document;
  }
}
