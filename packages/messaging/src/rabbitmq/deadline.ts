import type { EventEmitter } from 'node:events';

/** Closes a channel or a connection, and does not care how: it may be closed already, or its other end be silent. */
export async function closeQuietly(thing: EventEmitter & { close(): Promise<void> }, timeoutMs = 2_000): Promise<void> {
  // When the connection breaks meanwhile, the library never answers `close()`, but says 'close'.
  const closed = new Promise<void>((resolve) => thing.once('close', () => resolve()));
  // It throws at once, and not by its promise, when there is no connection any more.
  const answered = Promise.resolve().then(() => thing.close());
  await settlesWithin(Promise.race([closed, answered]), timeoutMs);
}

/** True when `promise` settled in time, whatever it came to; never rejects. */
export async function settlesWithin(promise: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  const settled = promise.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
