/** Is asked `{ items }`, takes so many, and answers how long that took from the first to the last. */
export function countdown(consume: (count: () => void, onDone: Promise<void>) => Promise<void>): void {
  process.on('message', async ({ items }: { items: number }) => {
    const done = Promise.withResolvers<void>();
    let began = 0;
    let ended = 0;
    let taken = 0;
    const count = (): void => {
      if (taken === 0) began = performance.now();
      taken++;
      if (taken !== items) return;
      ended = performance.now();
      done.resolve();
    };
    await consume(count, done.promise);
    process.send?.({ done: taken, elapsedMs: ended - began });
  });
}
