/** Few at a time: each waits for InfluxDB more than it works, and InfluxDB answers only so many questions at once. */
const AT_ONCE = 3;

/** Does all of them, also when one fails, and rejects then with the first failure. */
export async function eachInTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  const failed = ended.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
}
