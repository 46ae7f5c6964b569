import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { afterEach } from 'vitest';
import { METHODS } from './grpc-client.ts';
import { TOKEN } from './receiver.ts';

const sessions: ClientHttp2Session[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
});

/** A connection for calls that no client of gRPC would make; it ends with the test. */
export async function openSession(address: string): Promise<ClientHttp2Session> {
  // What it has not sent yet counts as its memory.
  const session = connect(`http://${address}`, { maxSessionMemory: 1_000 });
  sessions.push(session);
  await once(session, 'connect');
  session.on('error', () => {});
  return session;
}

/** Headers and trailers of the answer to whatever is sent, right or wrong, and the messages as `body`. */
export async function rawCall(
  session: ClientHttp2Session,
  body: Buffer,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown> & { readonly body: Buffer }> {
  const call = session.request({
    ':method': 'POST',
    ':path': METHODS.spans,
    'content-type': 'application/grpc',
    authorization: `Bearer ${TOKEN}`,
    te: 'trailers',
    ...headers,
  });
  const answer: Record<string, unknown> = {};
  const chunks: Buffer[] = [];
  call.on('response', (part) => Object.assign(answer, part));
  call.on('trailers', (part) => Object.assign(answer, part));
  call.on('data', (chunk: Buffer) => chunks.push(chunk));
  // The rest of a body that is refused is cut off.
  call.on('error', () => {});
  if (headers[':method'] !== 'GET') call.end(body);
  await new Promise((resolve) => call.once('close', resolve));
  return { ...answer, body: Buffer.concat(chunks) };
}

/** One message as gRPC frames it; flag 1 says that it is compressed. */
export function frame(bytes: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}
