import type { IncomingMessage } from 'node:http';
import type { SignalName } from '@tracepost/contracts';
import type { AccessRule } from '../access-rule.ts';
import type { Format } from '../decode/read-request.ts';

export type Checked =
  | { readonly status: 'ok'; readonly signal: SignalName; readonly format: Format; readonly isGzip: boolean }
  | { readonly status: 'refused'; readonly code: number; readonly reason: string; readonly message: string };

const SIGNALS: Readonly<Record<string, SignalName>> = {
  '/v1/traces': 'spans',
  '/v1/logs': 'logs',
  '/v1/metrics': 'metrics',
};

export interface Rules {
  readonly isAllowed: AccessRule;
  readonly maxBytesOf: (format: Format) => number;
}

/** Everything that can be said before a byte of the body is read. Who may not come in learns nothing else. */
export function checkRequest({ headers, method, url }: IncomingMessage, { isAllowed, maxBytesOf }: Rules): Checked {
  const access = isAllowed(headers);
  if (access === 'unauthorized') return refused(401, 'unauthorized', 'a bearer token that is known here is needed');
  if (access === 'foreign')
    return refused(403, 'foreign_origin', 'only programs on this machine may send here, under its own name');
  const signal = Object.hasOwn(SIGNALS, url ?? '') ? SIGNALS[url ?? ''] : undefined;
  if (!signal) return refused(404, 'unknown_path', 'signals are taken at /v1/traces, /v1/logs and /v1/metrics');
  if (method !== 'POST') return refused(405, 'wrong_method', 'signals are sent with POST');
  const format = formatOf(headers['content-type']);
  if (!format)
    return refused(415, 'wrong_content_type', 'the content type has to be application/x-protobuf or application/json');
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity')
    return refused(415, 'wrong_content_encoding', 'the content encoding has to be gzip or identity');
  const maxBytes = maxBytesOf(format);
  if (Number(headers['content-length'] ?? 0) > maxBytes)
    return refused(413, 'too_large', `a request of this type has at most ${maxBytes} bytes`);
  return { status: 'ok', signal, format, isGzip: encoding === 'gzip' };
}

/** JSON may say that it is UTF-8, which it always is; nothing else may follow. A web page can send neither without being asked for its origin. */
export function formatOf(contentType = ''): Format | null {
  const type = contentType.trim();
  if (/^application\/x-protobuf$/i.test(type)) return 'protobuf';
  return /^application\/json( ?; ?charset="?utf-8"?)?$/i.test(type) ? 'json' : null;
}

function refused(code: number, reason: string, message: string): Checked {
  return { status: 'refused', code, reason, message };
}
