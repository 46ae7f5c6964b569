/** Why an image was not worked on. The first four are the image's fault: the same bytes will be refused again. */
export type RefusalCode =
  | 'invalid_image'
  | 'unsupported_image'
  | 'image_too_large'
  | 'no_subject'
  | 'timeout'
  | 'cancelled'
  | 'busy'
  | 'closed'
  | 'worker_failed';

export interface Refused {
  readonly status: 'refused';
  readonly code: RefusalCode;
  /** One sentence for whoever sent the image. */
  readonly message: string;
}

export interface Removed {
  readonly status: 'removed';
  /** PNG with alpha, upright, in the size of the input. What is wholly transparent has no colour left. */
  readonly png: Buffer;
  readonly width: number;
  readonly height: number;
  /** Share of the area that stays, half-transparent pixels counted by their opacity. */
  readonly foregroundShare: number;
  /** From the start of the work to the finished PNG, waiting not counted; fractions of a millisecond. */
  readonly processingMs: number;
}

export type RemovalOutcome = Removed | Refused;

export function refused(code: RefusalCode, message: string): Refused {
  return { status: 'refused', code, message };
}
