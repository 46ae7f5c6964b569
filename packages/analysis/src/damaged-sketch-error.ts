/** The bytes are not those of a sketch, or not all of them: what they said is lost, and nothing was taken from them. */
export class DamagedSketchError extends Error {
  readonly code = 'analysis/damaged-sketch';
  readonly isRetryable = false;
  override readonly name = 'DamagedSketchError';
}
