import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** How a request is answered: by one byte each second, or by a message of a gigabyte. */
export type OddAnswer = 'drips' | 'floods';

export interface OddCollector {
  readonly port: number;
  requests(): number;
  /** Bytes of answers that went out. */
  sent(): number;
  stop(): Promise<void>;
}

const GIGABYTE = 1024 ** 3;

/** HTTP/2 with gRPC's frames and no sense: what a real server refuses to do on command. */
export async function startOddCollector(answer: OddAnswer): Promise<OddCollector> {
  const sessions = new Set<ServerHttp2Session>();
  const timers = new Set<NodeJS.Timeout>();
  let requests = 0;
  let sent = 0;
  const server: Http2Server = createServer();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session)).on('error', () => {});
  });
  server.on('stream', (stream) => {
    requests += 1;
    stream.on('error', () => {});
    stream.resume();
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    const write = (bytes: Buffer): boolean => {
      if (stream.destroyed || stream.closed) return false;
      sent += bytes.length;
      return stream.write(bytes);
    };
    if (answer === 'drips') {
      // A message of a thousand bytes, of which the first five are its frame.
      write(frame(1_000));
      timers.add(setInterval(() => write(Buffer.alloc(1)), 1_000));
    } else {
      write(frame(GIGABYTE));
      flood(stream, write);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    sent: () => sent,
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function flood(stream: ServerHttp2Stream, write: (bytes: Buffer) => boolean): void {
  const part = Buffer.alloc(64 * 1_024);
  const goOn = (): void => {
    while (!stream.destroyed && write(part));
    if (!stream.destroyed) stream.once('drain', goOn);
  };
  goOn();
}

/** gRPC's prefix of a message: not compressed, so many bytes. */
function frame(bytes: number): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(bytes, 1);
  return prefix;
}
