import type { IncomingHttpHeaders } from 'node:http2';
import type { SignalName } from '@tracepost/contracts';
import type { AccessRule } from '../access-rule.ts';
import { STATUS } from '../answers.ts';

export type CheckedCall =
  | { readonly status: 'ok'; readonly signal: SignalName; readonly encoding: 'gzip' | null }
  | { readonly status: 'refused'; readonly code: number; readonly reason: string; readonly message: string }
  /** Not even gRPC: answered in HTTP. */
  | { readonly status: 'not_grpc'; readonly httpStatus: number };

const SIGNALS: Readonly<Record<string, SignalName>> = {
  '/opentelemetry.proto.collector.trace.v1.TraceService/Export': 'spans',
  '/opentelemetry.proto.collector.logs.v1.LogsService/Export': 'logs',
  '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export': 'metrics',
};

/** Everything that can be said before a byte of the message is read. Who may not come in learns nothing else. */
export function checkCall(headers: IncomingHttpHeaders, isAllowed: AccessRule): CheckedCall {
  if (headers[':method'] !== 'POST') return { status: 'not_grpc', httpStatus: 405 };
  if (!/^application\/grpc(\+proto)?$/i.test(headers['content-type'] ?? ''))
    return { status: 'not_grpc', httpStatus: 415 };

  const { authorization, origin } = headers;
  const access = isAllowed({ authorization, origin, host: headers[':authority'] ?? headers.host });
  if (access === 'unauthorized')
    return refused(STATUS.unauthenticated, 'unauthorized', 'a bearer token that is known here is needed');
  if (access === 'foreign')
    return refused(
      STATUS.permissionDenied,
      'foreign_origin',
      'only programs on this machine may send here, under its own name',
    );
  const path = headers[':path'] ?? '';
  const signal = Object.hasOwn(SIGNALS, path) ? SIGNALS[path] : undefined;
  if (!signal)
    return refused(STATUS.unimplemented, 'unknown_path', 'signals are taken by Export of the services of OTLP v1');
  const encoding = headers['grpc-encoding'] ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity')
    return refused(STATUS.unimplemented, 'wrong_content_encoding', 'messages are taken plain or in gzip');
  return { status: 'ok', signal, encoding: encoding === 'gzip' ? 'gzip' : null };
}

function refused(code: number, reason: string, message: string): CheckedCall {
  return { status: 'refused', code, reason, message };
}
