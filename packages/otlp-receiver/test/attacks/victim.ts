import type { SinkAnswer } from '@tracepost/contracts';
import { createTelemetry } from '@tracepost/telemetry';
import { checkSignals, createOtlpReceiver, Refusals } from '../../src/index.ts';

/**
 * A receiver in a process of its own, so that what an attack costs it is not mixed up with what it costs to attack. Stores nothing, but checks
 * as everything that stores does. Tells over IPC what happened since it was asked last.
 */
const counts = new Map<string, number>();
const lines: string[] = [];
const count = (words: string, by: number): void => {
  counts.set(words, (counts.get(words) ?? 0) + by);
};
const telemetry = {
  ...createTelemetry({ serviceName: 'victim', write: (line: string) => lines.push(line) }),
  metrics: {
    add: (_: string, by: number, attributes: object = {}) => count(Object.values(attributes).join(' '), by),
    record: () => {},
    observe: () => () => {},
  },
};
const sink = {
  accept: async (batch: Parameters<typeof checkSignals>[0]): Promise<SinkAnswer> => {
    const refused = new Refusals();
    const checked = checkSignals(batch, Date.now(), refused);
    for (const [signal, signals] of Object.entries(checked))
      if (signals.length > 0) count(`taken ${signal}`, signals.length);
    for (const { signal, reason, count: by } of refused.list()) count(`${signal} ${reason}`, by);
    // As a store does, it takes a while.
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { status: 'taken', refused: refused.list() };
  },
};
const receiver = createOtlpReceiver({ host: '127.0.0.1', httpPort: 0, grpcPort: 0, token: null, sink, telemetry });

let longestTurnMs = 0;
let turnBegan = process.threadCpuUsage();
/** By the time that the thread has worked, which a busy machine does not make longer. */
function watchTurns(): void {
  const { user, system } = process.threadCpuUsage(turnBegan);
  longestTurnMs = Math.max(longestTurnMs, (user + system) / 1_000);
  turnBegan = process.threadCpuUsage();
  setImmediate(watchTurns);
}

process.on('disconnect', () => process.exit(1));
process.on('unhandledRejection', (error) => {
  count(`unhandled ${String(error)}`, 1);
});
process.on('message', async ({ word, id }: { readonly word: 'begin' | 'end' | 'close'; readonly id: number }) => {
  if (word === 'close') {
    void receiver.close().then(() => process.exit(0));
    return;
  }
  // Before this process collects its garbage by itself, which is no turn of the attack's.
  const longestMs = longestTurnMs;
  // What is garbage by now is not what an attack leaves behind. Several times: bodies that were refused are still coming in when their answer
  // is out, and buffers are given back beside the collection.
  for (let time = 0; time < 4; time += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    globalThis.gc?.();
  }
  if (word === 'begin') {
    counts.clear();
    lines.length = 0;
    longestTurnMs = 0;
    turnBegan = process.threadCpuUsage();
  }
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({
    id,
    longestTurnMs: longestMs,
    heldBytes: heapUsed + external,
    residentBytes: process.memoryUsage.rss(),
    peakBytes: process.resourceUsage().maxRSS * 1_024,
    counts: Object.fromEntries(counts),
    lines: lines.length,
  });
});

const { httpUrl, grpcUrl } = await receiver.start();
watchTurns();
process.send?.({ httpUrl, grpcAddress: new URL(String(grpcUrl)).host });
