import { sayReady } from './ready.ts';

export const IN_FLIGHT = 200;

/** Waits to be asked `{ seconds }`, keeps 200 publishes in flight for that long, and answers how many were confirmed. */
export function pipeline(publish: () => Promise<boolean>): void {
  process.on('message', async ({ seconds }: { seconds: number }) => {
    const began = performance.now();
    const end = began + seconds * 1000;
    let done = 0;
    let failed = 0;
    const keepGoing = async (): Promise<void> => {
      while (performance.now() < end) {
        if (await publish()) done += 1;
        else failed += 1;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, keepGoing));
    process.send?.({ done, failed, elapsedMs: performance.now() - began });
  });
  sayReady({});
}
