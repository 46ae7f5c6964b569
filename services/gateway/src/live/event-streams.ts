import type { ServerResponse } from 'node:http';
import type { Telemetry } from '@tracepost/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LIMITS } from '../http/limits.ts';
import { reachHop, traceOf } from '../http/request-trace.ts';

/** Server-sent events to one client. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export interface EventStream {
  /** `data` is written as JSON. Does nothing once the stream has ended. */
  send(message: { readonly id?: string; readonly event: string; readonly data: unknown }): void;
  /** Ends it in order; the client comes back by itself, unless a 204 tells it not to. */
  end(reason: EndReason): void;
  /** Called once, whoever ended it. */
  onEnd(listener: () => void): void;
  readonly isOpen: boolean;
}

export type EndReason = 'ended' | 'stopping' | 'slow_reader';

export interface OpenOptions {
  /** What it shows, for the metrics. */
  readonly name: 'task' | 'live';
  /** An id that the client shall go on from though no event has come: sent with the heartbeats. */
  readonly newestId?: () => string;
}

/** All streams of this gateway, within their limit. */
export interface EventStreams {
  readonly isFull: boolean;
  open(
    request: FastifyRequest,
    reply: Pick<FastifyReply, 'hijack' | 'raw' | 'getHeaders'>,
    options: OpenOptions,
  ): EventStream;
  /** The gateway is stopping. */
  endAll(): void;
}

export interface EventStreamsOptions {
  readonly metrics: Telemetry['metrics'];
  readonly maxStreams?: number;
  readonly heartbeatMs?: number;
  /** What a client may leave unread; then its stream is closed. */
  readonly maxUnreadBytes?: number;
}

/** Browsers wait so long before they come back. */
const RETRY_MS = 2_000;
/** A reader that was closed for being slow has so long to take what lies there, the reason last. */
const LINGER_MS = 2_000;

export function createEventStreams({
  metrics,
  maxStreams = LIMITS.streams,
  heartbeatMs = LIMITS.heartbeatMs,
  maxUnreadBytes = LIMITS.unreadBytes,
}: EventStreamsOptions): EventStreams {
  const open = new Set<EventStream>();

  return {
    get isFull() {
      return open.size >= maxStreams;
    },
    open(request, reply, { name, newestId }) {
      const trace = traceOf(request);
      const listeners: (() => void)[] = [];
      const response: ServerResponse = reply.raw;
      let isOpen = true;

      const finish = (reason: EndReason | 'client_left'): void => {
        if (!isOpen) return;
        isOpen = false;
        clearInterval(heartbeat);
        open.delete(stream);
        reachHop(trace, 'stream', reason);
        metrics.add('tracepost.streams.open', -1, { 'tracepost.stream': name });
        metrics.add('tracepost.streams.closed', 1, { 'tracepost.stream': name, 'tracepost.reason': reason });
        for (const listener of listeners) listener();
      };
      const write = (text: string): void => {
        response.write(text);
        if (response.writableLength > maxUnreadBytes) stream.end('slow_reader');
      };
      const heartbeat = setInterval(() => {
        // An id without data is remembered by the client, and shown to nobody.
        write(newestId ? `id: ${newestId()}\n: heartbeat\n\n` : ': heartbeat\n\n');
      }, heartbeatMs);
      heartbeat.unref();

      const stream: EventStream = {
        get isOpen() {
          return isOpen;
        },
        send({ id, event, data }) {
          if (!isOpen) return;
          write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
        },
        end(reason) {
          if (!isOpen) return;
          finish(reason);
          if (reason === 'ended') response.end();
          else response.end(`event: closed\ndata: ${JSON.stringify({ reason })}\n\n`);
          if (reason === 'slow_reader') setTimeout(() => response.destroy(), LINGER_MS).unref();
        },
        onEnd(listener) {
          if (isOpen) listeners.push(listener);
          else listener();
        },
      };

      // From here on the answer is ours: Fastify neither ends it nor counts its time.
      reply.hijack();
      trace.streamedAfterMs = performance.now() - trace.startedMs;
      reachHop(trace, 'stream', 'open');
      open.add(stream);
      metrics.add('tracepost.streams.open', 1, { 'tracepost.stream': name });
      // Before the one that writes the line of the request.
      response.prependOnceListener('close', () => finish('client_left'));
      // Of a client that resets its connection in the middle of a write.
      response.once('error', () => finish('client_left'));
      response.writeHead(200, { ...headersOf(reply), ...STREAM_HEADERS });
      write(`retry: ${RETRY_MS}\n: open\n\n`);
      return stream;
    },
    endAll() {
      for (const stream of [...open]) stream.end('stopping');
    },
  };
}

/** Nothing between here and the client may keep or gather what is sent. */
const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
  'x-content-type-options': 'nosniff',
} as const;

/** The ids that every answer carries, gathered in Fastify's reply. */
function headersOf(reply: Pick<FastifyReply, 'getHeaders'>): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}
