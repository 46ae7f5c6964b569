import { once } from 'node:events';
import { connect } from 'node:net';

/** What is answered to a POST whose body never comes. */
export async function answerToHeaders(url: string, path: string): Promise<string> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n`,
  );
  const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(2_000) })) as [Buffer];
  socket.destroy();
  return answer.toString();
}
