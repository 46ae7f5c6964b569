import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Connections on which nothing was ever said. Browsers open some in advance; Node counts them as busy and would wait for them at
 * the stop. The returned function closes them.
 */
export function watchUnusedConnections(server: Server): () => void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', forget);
  });
  function forget(this: Socket): void {
    open.delete(this);
  }
  return () => {
    for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
  };
}
