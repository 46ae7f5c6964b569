import { connect, type Socket } from 'node:net';

/** Many TCP clients of one door that are of no use to it. */
export interface Crowd extends Disposable {
  /** Connections that are open now. */
  readonly open: number;
  /** How long each of those that the other side closed had been open, in milliseconds. */
  readonly closedAfterMs: readonly number[];
}

export interface CrowdOptions {
  readonly url: string;
  readonly size: number;
  /** Said at once. */
  readonly opening?: string;
  /** Said afterwards, one character each second. */
  readonly drip?: string;
  /** Whoever is shown out comes again. */
  readonly comesAgain?: boolean;
}

const TOGETHER = 100;

/** Resolves when each has tried to connect once. */
export async function gatherCrowd(options: CrowdOptions): Promise<Crowd> {
  const { url, size, opening = '', drip = '', comesAgain = false } = options;
  const { hostname, port } = new URL(url);
  const sockets = new Set<Socket>();
  const closedAfterMs: number[] = [];
  let isOver = false;
  let dripped = 0;

  function join(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = connect(Number(port), hostname);
    const began = performance.now();
    socket.once('connect', () => {
      sockets.add(socket);
      if (opening !== '') socket.write(opening);
      resolve();
    });
    // What it says as it closes is read, or the end would never be seen; a reset is one way of closing.
    socket.resume();
    socket.on('error', () => {});
    socket.once('close', () => {
      resolve();
      sockets.delete(socket);
      if (isOver) return;
      closedAfterMs.push(performance.now() - began);
      if (comesAgain) setTimeout(() => !isOver && void join(), 500).unref();
    });
    return promise;
  }

  const dripping = setInterval(() => {
    const character = drip[dripped % drip.length];
    dripped++;
    if (character !== undefined) for (const socket of sockets) if (socket.writable) socket.write(character);
  }, 1_000);
  for (let start = 0; start < size; start += TOGETHER) {
    await Promise.all(Array.from({ length: Math.min(TOGETHER, size - start) }, join));
  }
  return {
    get open() {
      return sockets.size;
    },
    closedAfterMs,
    [Symbol.dispose]() {
      isOver = true;
      clearInterval(dripping);
      for (const socket of sockets) socket.destroy();
    },
  };
}
