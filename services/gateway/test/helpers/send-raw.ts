import { connect } from 'node:net';

export interface RawAnswer {
  readonly text: string;
  /** Of the first answer; 0 when none came. */
  readonly status: number;
  readonly closedAfterMs: number;
}

/** Sends bytes as they are, and gives everything that came back until the other side closed the connection. */
export function sendRaw(
  port: number,
  chunks: readonly (string | Buffer)[],
  { everyMs = 0, timeoutMs = 40_000 }: { readonly everyMs?: number; readonly timeoutMs?: number } = {},
): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const socket = connect(port, '127.0.0.1');
  const startedMs = performance.now();
  let text = '';
  const tooLong = setTimeout(() => {
    socket.destroy();
    reject(new Error(`The connection was still open after ${timeoutMs} ms; it had said: ${text}`));
  }, timeoutMs);
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  // A reset is one way of closing; what counts is what was said before.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    clearTimeout(tooLong);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
    resolve({ text, status, closedAfterMs: performance.now() - startedMs });
  });
  socket.on('connect', async () => {
    for (const chunk of chunks) {
      if (!socket.writable) return;
      socket.write(chunk);
      if (everyMs > 0) await new Promise((next) => setTimeout(next, everyMs));
    }
  });
  return promise;
}

/** A request with these headers and this body, nothing added but the first line. */
export function rawRequest(line: string, headers: readonly string[], body = ''): string {
  return `${line}\r\n${headers.map((header) => `${header}\r\n`).join('')}\r\n${body}`;
}

export const NOTIFY_LINE = 'POST /api/v1/agents/weather/notify HTTP/1.1';
export const HOST = 'Host: 127.0.0.1';
export const JSON_TYPE = 'Content-Type: application/json';
