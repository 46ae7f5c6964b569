import type { TranscriptFormat } from '@tracepost/contracts';
import { unreadKind } from './unread-kinds.ts';

/** The file is no transcript of a known format, or empty; trying again will not help, naming its format may. */
export class UnknownFormatError extends Error {
  override readonly name = 'UnknownFormatError';
  readonly code = 'transcripts/unknown-format';
  readonly isRetryable = false;

  static of(begin: string, known: readonly TranscriptFormat[]): UnknownFormatError {
    if (begin.trim() === '') return new UnknownFormatError('the file is empty; a transcript has at least one line');
    if (begin.includes('\0') && !/^\s*[{[]/.test(begin))
      return new UnknownFormatError('the file holds something other than text; every transcript is text');
    const kind = unreadKind(begin);
    if (kind !== null) return new UnknownFormatError(kind);
    const seen = begin
      .trimStart()
      .slice(0, 60)
      .replace(/[^\x20-\x7e]/g, '?');
    return new UnknownFormatError(
      `no transcript format is known by what this file begins with, ${JSON.stringify(seen)}; known are ${[...new Set(known)].join(', ')}`,
    );
  }

  static not(format: TranscriptFormat): UnknownFormatError {
    return new UnknownFormatError(
      `nothing in this file is of the format ${format}; let the format be recognised instead`,
    );
  }
}
