import type { IncomingHttpHeaders } from 'node:http';
import type { ProblemSpec } from '../http/problem.ts';

export type ReadKey =
  | { readonly status: 'none' }
  | { readonly status: 'key'; readonly key: string }
  | { readonly status: 'refused'; readonly problem: ProblemSpec };

const KEY = /^[\x21-\x7e]{1,255}$/;

/** The `Idempotency-Key`, taken literally. A header that stands twice arrives as one text with a blank in it, and is refused. */
export function readIdempotencyKey(headers: IncomingHttpHeaders): ReadKey {
  const key = headers['idempotency-key'];
  if (key === undefined) return NONE;
  if (typeof key === 'string' && KEY.test(key)) return { status: 'key', key };
  return { status: 'refused', problem: INVALID };
}

const NONE: ReadKey = { status: 'none' };

const INVALID: ProblemSpec = {
  code: 'INVALID_REQUEST',
  detail: 'The Idempotency-Key has to be 1 to 255 printable ASCII characters without blanks, once.',
  errors: [{ pointer: '/idempotency-key', message: 'is not 1 to 255 printable ASCII characters without blanks' }],
};
