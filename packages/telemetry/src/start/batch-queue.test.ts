import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { BatchQueue, type BatchQueueOptions } from './batch-queue.ts';
import { createListFilling, type SendOutcome } from './filling.ts';
import { createSignalLedger } from './signal-ledger.ts';

const TAKEN: SendOutcome = { status: 'taken', refused: [] };
const LATER: SendOutcome = { status: 'later', reason: 'unavailable', retryAfterMs: 1 };
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('batches', () => {
  it('leave when they are full, in order and one at a time', async () => {
    let atOnce = 0;
    let most = 0;
    const { queue, sent } = given({
      itemsPerBatch: 2,
      answer: async () => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await new Promise((resolve) => setImmediate(resolve));
        atOnce -= 1;
        return TAKEN;
      },
    });
    for (let at = 0; at < 7; at += 1) queue.push(at);
    await vi.waitFor(() =>
      expect(sent).toEqual([
        [0, 1],
        [2, 3],
        [4, 5],
      ]),
    );
    await queue.flush(1_000);
    expect(sent.at(-1)).toEqual([6]);
    expect(most).toBe(1);
  });

  it('leave after a while when they are not', async () => {
    const { queue, sent } = given({ delayMs: 10 });
    queue.push(1);
    expect(sent).toEqual([]);
    await vi.waitFor(() => expect(sent).toEqual([[1]]));
  });

  it('come again when they were told to, until they are taken', async () => {
    let tries = 0;
    const { queue, sent, losses } = given({ answer: async () => (++tries < 4 ? LATER : TAKEN) });
    queue.push(1);
    expect(await queue.flush(5_000)).toBe(true);
    expect(sent).toEqual([[1], [1], [1], [1]]);
    expect(losses()).toEqual([]);
  });

  it('come again when the way out throws', async () => {
    let tries = 0;
    const { queue, losses } = given({
      answer: async () => {
        tries += 1;
        if (tries === 1) throw new Error('a bug');
        return TAKEN;
      },
    });
    queue.push(1);
    expect(await queue.flush(5_000)).toBe(true);
    expect(losses()).toEqual([]);
  });
});

describe('losses', () => {
  it('come from what is there, not from how long it has waited: few items wait through a long absence', async () => {
    let isAway = true;
    const { queue, sent, losses } = given({
      itemsPerBatch: 10,
      waitingBatches: 2,
      delayMs: 1,
      answer: async () => (isAway ? LATER : TAKEN),
    });
    for (let at = 0; at < 20; at += 1) {
      queue.push(at);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    isAway = false;
    await queue.flush(1_000);
    expect(losses()).toEqual([]);
    expect(new Set(sent.flat()).size).toBe(20);
  });

  it('of a full queue are its oldest batches, but never the one under way', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { queue, sent, losses } = given({
      itemsPerBatch: 2,
      waitingBatches: 2,
      answer: async () => {
        await held;
        return TAKEN;
      },
    });
    queue.push(0);
    queue.push(1);
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    for (let at = 2; at < 11; at += 1) queue.push(at);
    expect(losses()).toEqual([{ signal: 'spans', reason: 'queue_full', count: 4 }]);
    release();
    await queue.flush(1_000);
    expect(sent).toEqual([[0, 1], [6, 7], [8, 9], [10]]);
  });

  it('that the other side tells are counted by its reasons', async () => {
    const refused = [
      { reason: 'invalid_trace_id', count: 2 },
      { reason: 'invalid_time', count: 1 },
    ];
    const { queue, losses } = given({ answer: async () => ({ status: 'taken', refused }) });
    queue.push(1);
    await queue.flush(1_000);
    expect(losses()).toEqual(refused.map((refusal) => ({ signal: 'spans', ...refusal })));
  });

  it('of what cannot be read or is too large are counted, and nothing is thrown at whoever made it', async () => {
    const { queue, losses } = given({
      filling: {
        ...createListFilling<number>(100, async () => TAKEN),
        add: (item) => {
          if (item === 1) return 'too_large';
          throw new Error('a getter that throws');
        },
      },
    });
    queue.push(1);
    queue.push(2);
    expect(losses()).toEqual([
      { signal: 'spans', reason: 'too_large', count: 1 },
      { signal: 'spans', reason: 'unreadable', count: 1 },
    ]);
  });

  it('of a batch that nobody can take are that batch alone: the others get past it', async () => {
    const { queue, sent, losses } = given({
      itemsPerBatch: 1,
      waitingBatches: 100,
      answer: async ([item]) => (item === 0 ? LATER : TAKEN),
    });
    queue.push(0);
    for (let round = 1; losses().length === 0 && round < 1_000; round += 1) {
      queue.push(round);
      await queue.flush(20);
    }
    expect(losses()).toEqual([{ signal: 'spans', reason: 'unavailable', count: 1 }]);
    const taken = new Set(sent.flat().filter((item) => item !== 0));
    expect(taken.size).toBeGreaterThan(2);
  });
});

describe('closing', () => {
  it('hands on what is left, and may be said twice', async () => {
    const { queue, sent, losses } = given();
    queue.push(1);
    await Promise.all([queue.close(1_000), queue.close(1_000)]);
    expect(sent).toEqual([[1]]);
    expect(losses()).toEqual([]);
  });

  it('ends in time when nobody takes it, and counts what is under way, what waits and what comes later', async () => {
    const { queue, losses } = given({
      itemsPerBatch: 2,
      answer: (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(LATER))),
    });
    for (let at = 0; at < 5; at += 1) queue.push(at);
    await queue.close(30);
    expect(losses()).toEqual([{ signal: 'spans', reason: 'stopped', count: 5 }]);
    queue.push(6);
    expect(losses()).toContainEqual({ signal: 'spans', reason: 'after_stop', count: 1 });
  });
});

describe('the context of whoever fills a batch', () => {
  beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager()));
  afterAll(() => context.disable());

  it('is not that in which it is sent', async () => {
    const seen: (string | undefined)[] = [];
    const { queue } = given({
      answer: async () => {
        seen.push(trace.getSpanContext(context.active())?.spanId);
        return TAKEN;
      },
    });
    const span = trace.wrapSpanContext({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 });
    await context.with(trace.setSpan(ROOT_CONTEXT, span), async () => {
      queue.push(1);
      await queue.flush(1_000);
    });
    expect(seen).toEqual([undefined]);
  });
});

type Answer = (items: readonly number[], signal: AbortSignal) => Promise<SendOutcome>;

interface Given extends Partial<BatchQueueOptions<number>> {
  answer?: Answer;
  itemsPerBatch?: number;
}

function given({ answer = async () => TAKEN, itemsPerBatch = 100, ...options }: Given = {}) {
  const sent: number[][] = [];
  const ledger = createSignalLedger();
  const queue = new BatchQueue<number>({
    signal: 'spans',
    ledger,
    waitingBatches: 10,
    delayMs: 60_000,
    filling: createListFilling(itemsPerBatch, (items, signal) => {
      sent.push([...items]);
      return answer(items, signal);
    }),
    ...options,
  });
  closers.push(() => queue.close(0));
  return { queue, sent, losses: () => ledger.read() };
}
