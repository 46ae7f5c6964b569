import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { SignalName, SignalSink } from '@tracepost/contracts';
import type { Telemetry } from '@tracepost/telemetry';
import { decodeRequest } from '../decode/decode-request.ts';
import { MAX_REQUEST_BYTES } from '../limits.ts';
import { accessRule } from './access-rule.ts';
import { errorBody, PROTOBUF, takenBody } from './answers.ts';
import { ByteBudget } from './byte-budget.ts';
import { checkRequest } from './check-request.ts';
import { readBody } from './read-body.ts';
import { createRefusalLog } from './refusal-log.ts';

export interface OtlpHttpReceiverOptions {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Whoever sends has to know it; null only on loopback. */
  readonly token: string | null;
  readonly sink: SignalSink;
  readonly telemetry: Telemetry;
  readonly limits?: Partial<ReceiverLimits>;
}

export interface ReceiverLimits {
  /** Of one request, as sent and inflated: 20 MiB. */
  readonly maxRequestBytes: number;
  /** Of all requests under way together: 32 MiB; past it senders are told to come again. */
  readonly maxBytesUnderWay: number;
  readonly maxConnections: number;
  /** Until a request has come in whole. */
  readonly requestTimeoutMs: number;
}

export interface OtlpHttpReceiver {
  start(): Promise<{ readonly url: string }>;
  /** Takes nothing new and lets what is under way end, at most five seconds. Safe to call twice. */
  close(): Promise<void>;
}

const DEFAULTS: ReceiverLimits = {
  maxRequestBytes: MAX_REQUEST_BYTES,
  maxBytesUnderWay: 32 * 1_024 * 1_024,
  maxConnections: 200,
  requestTimeoutMs: 30_000,
};

/**
 * OTLP over HTTP, protobuf. Answers so that a collector does the right thing: 200 with the exact number of what no retry can mend, 503 or
 * 429 for what should come again, and never 500, at which it would throw the batch away.
 */
export function createOtlpHttpReceiver(options: OtlpHttpReceiverOptions): OtlpHttpReceiver {
  const { host, port, token, sink, telemetry } = options;
  const limits = { ...DEFAULTS, ...options.limits };
  const rules = { isAllowed: accessRule(host, token), maxBytes: limits.maxRequestBytes };
  const budget = new ByteBudget(limits.maxBytesUnderWay);
  const refusals = createRefusalLog(telemetry);

  const take = async (request: IncomingMessage): Promise<Answer> => {
    const checked = checkRequest(request, rules);
    if (checked.status === 'refused') {
      refusals.note(checked.reason);
      return failure(checked.code, checked.message);
    }
    const share = budget.open();
    try {
      const body = await readBody(request, { isGzip: checked.isGzip, maxBytes: limits.maxRequestBytes, share });
      if (body.status === 'aborted') return failure(400, 'the request was cut off');
      if (body.status === 'no_room') return failure(429, 'too much is under way', 1_000);
      if (body.status !== 'read') {
        refusals.note(body.status);
        return body.status === 'too_large'
          ? failure(413, `a request has at most ${limits.maxRequestBytes} bytes, inflated`)
          : failure(400, 'the body is no gzip of one piece');
      }
      return await handOn(checked.signal, body.bytes);
    } finally {
      share.release();
    }
  };

  const handOn = async (signal: SignalName, bytes: Buffer): Promise<Answer> => {
    const decoded = await decodeRequest(signal, bytes);
    if (decoded.status === 'malformed') {
      refusals.note('malformed');
      return failure(400, `the body is no OTLP request of ${signal}: ${decoded.reason}`);
    }
    const answer = await sink.accept(decoded.batch);
    if (answer.status === 'later') return failure(503, answer.reason, answer.retryAfterMs);
    refusals.count(decoded.refused.list());
    decoded.refused.addAll(answer.refused);
    return { code: 200, body: takenBody(decoded.refused.list()), headers: {} };
  };

  const server = createServer(
    {
      requestTimeout: limits.requestTimeoutMs,
      headersTimeout: Math.min(10_000, limits.requestTimeoutMs),
      // Longer than a sender keeps an idle connection, so that it is never closed under a request.
      keepAliveTimeout: 100_000,
      // Node looks for late requests only so often; its own half minute would double the limit.
      connectionsCheckingInterval: Math.min(1_000, limits.requestTimeoutMs),
    },
    (request, response) => {
      take(request).then(
        (answer) => send(request, response, answer),
        // A sink that throws is a sink that cannot take anything now.
        () => send(request, response, failure(503, 'the request could not be handled', 1_000)),
      );
    },
  );
  server.maxConnections = limits.maxConnections;
  let closing: Promise<void> | null = null;

  return {
    start: () => listen(server, host, port),
    close: () => {
      closing ??= closeServer(server);
      return closing;
    },
  };
}

interface Answer {
  readonly code: number;
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

function failure(code: number, message: string, retryAfterMs?: number): Answer {
  const retryAfter =
    retryAfterMs === undefined ? {} : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) };
  return { code, body: errorBody(message), headers: { ...retryAfter, ...(code === 405 ? { allow: 'POST' } : {}) } };
}

/** How long the rest of a refused body is read and thrown away, so that its sender gets to see the answer. */
const LINGER_MS = 1_000;

function send(request: IncomingMessage, response: ServerResponse, { code, body, headers }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(code, { 'content-type': PROTOBUF, 'content-length': String(body.length), ...headers });
  response.end(body);
  if (request.complete) return;
  request.resume();
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS);
  request.once('close', () => clearTimeout(timer));
}

function listen(server: Server, host: string, port: number): Promise<{ readonly url: string }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const { port: bound } = server.address() as AddressInfo;
      resolve({ url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` });
    });
  });
}

const DRAIN_MS = 5_000;

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
