import type { IncomingMessage } from 'node:http';
import type { SignalName } from '@tracepost/contracts';
import type { AccessRule } from './access-rule.ts';
import { PROTOBUF } from './answers.ts';

export type Checked =
  | { readonly status: 'ok'; readonly signal: SignalName; readonly isGzip: boolean }
  | { readonly status: 'refused'; readonly code: number; readonly reason: string; readonly message: string };

const SIGNALS: Readonly<Record<string, SignalName>> = {
  '/v1/traces': 'spans',
  '/v1/logs': 'logs',
  '/v1/metrics': 'metrics',
};

export interface Rules {
  readonly isAllowed: AccessRule;
  readonly maxBytes: number;
}

/** Everything that can be said before a byte of the body is read. Who may not come in learns nothing else. */
export function checkRequest({ headers, method, url }: IncomingMessage, { isAllowed, maxBytes }: Rules): Checked {
  if (!isAllowed(headers)) return refused(401, 'unauthorized', 'a bearer token that is known here is needed');
  const signal = Object.hasOwn(SIGNALS, url ?? '') ? SIGNALS[url ?? ''] : undefined;
  if (!signal) return refused(404, 'unknown_path', 'signals are taken at /v1/traces, /v1/logs and /v1/metrics');
  if (method !== 'POST') return refused(405, 'wrong_method', 'signals are sent with POST');
  if (!/^application\/x-protobuf$/i.test(headers['content-type']?.trim() ?? ''))
    return refused(415, 'wrong_content_type', `the content type has to be ${PROTOBUF}`);
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity')
    return refused(415, 'wrong_content_encoding', 'the content encoding has to be gzip or identity');
  if (Number(headers['content-length'] ?? 0) > maxBytes)
    return refused(413, 'request_too_large', `a request has at most ${maxBytes} bytes`);
  return { status: 'ok', signal, isGzip: encoding === 'gzip' };
}

function refused(code: number, reason: string, message: string): Checked {
  return { status: 'refused', code, reason, message };
}
