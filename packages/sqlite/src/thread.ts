import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import type { Reply, Request } from './protocol.ts';

/** A thread's side of the line: requests come in, replies leave in one message per turn of the event loop. */
export interface Thread {
  listen(onRequests: (requests: Request[]) => void): void;
  reply(reply: Reply): void;
  /** All that has come since, without waiting for the event loop. */
  poll(): Request[];
  /** Sends what is left and lets the thread end. */
  end(): void;
}

export function createThread(): Thread {
  // Null only in a main thread, where these files have no business.
  const port = parentPort as MessagePort;
  let outgoing: Reply[] = [];

  const flush = () => {
    if (outgoing.length === 0) return;
    port.postMessage(outgoing);
    outgoing = [];
  };

  return {
    listen(onRequests) {
      port.on('message', onRequests);
    },
    reply(reply) {
      if (outgoing.push(reply) === 1) setImmediate(flush);
    },
    poll() {
      const requests: Request[] = [];
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
        for (const request of next.message as Request[]) requests.push(request);
      }
      return requests;
    },
    end() {
      flush();
      port.close();
    },
  };
}
