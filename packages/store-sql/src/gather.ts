import { RecordsRefusedError, StoreUnavailableError } from '@tracepost/stores';

const MAX_UNDER_WAY = 2;

export interface GatherOptions<Call, Outcome> {
  /** Answers all calls of a batch by few statements, in their order; writes all of them or none. */
  readonly run: (calls: readonly Call[]) => Promise<readonly Outcome[]>;
  /** Two calls about the same thing never share a batch. */
  readonly keyOf: (call: Call) => string;
  /** Roughly what a call weighs, so that large ones travel alone. */
  readonly bytesOf?: (call: Call) => number;
  readonly maxCalls?: number;
  readonly maxBytes?: number;
  readonly maxWaiting?: number;
}

interface Waiting<Call, Outcome> {
  readonly call: Call;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers the calls that arrive together, or while a batch is under way, into the next batch: many callers share one
 * round trip and one commit. A call whose values the database refuses is refused alone, its neighbours are not.
 */
export function gather<Call, Outcome>(options: GatherOptions<Call, Outcome>): (call: Call) => Promise<Outcome> {
  const { run, maxWaiting = 20_000 } = options;
  let waiting: Waiting<Call, Outcome>[] = [];
  let underWay = 0;
  let isScheduled = false;

  const schedule = () => {
    if (isScheduled || waiting.length === 0 || underWay >= MAX_UNDER_WAY) return;
    isScheduled = true;
    // After the events of this turn, which may bring more calls.
    setImmediate(() => {
      isScheduled = false;
      const { batch, rest } = takeBatch(waiting, options);
      waiting = rest;
      underWay++;
      void answer(batch, run).finally(() => {
        underWay--;
        schedule();
      });
      schedule();
    });
  };

  return (call) =>
    new Promise((resolve, reject) => {
      if (waiting.length >= maxWaiting) {
        reject(new StoreUnavailableError('postgresql', `${maxWaiting} calls wait for the database: nothing was sent`));
        return;
      }
      waiting.push({ call, resolve, reject });
      schedule();
    });
}

function takeBatch<Call, Outcome>(
  waiting: readonly Waiting<Call, Outcome>[],
  { keyOf, bytesOf = () => 0, maxCalls = 200, maxBytes = 4 * 1024 ** 2 }: GatherOptions<Call, Outcome>,
): { batch: Waiting<Call, Outcome>[]; rest: Waiting<Call, Outcome>[] } {
  const batch: Waiting<Call, Outcome>[] = [];
  const rest: Waiting<Call, Outcome>[] = [];
  const keys = new Set<string>();
  let bytes = 0;
  for (const one of waiting) {
    const key = keyOf(one.call);
    const size = bytesOf(one.call);
    const hasRoom = batch.length === 0 || (batch.length < maxCalls && bytes + size <= maxBytes);
    if (!hasRoom || keys.has(key)) {
      rest.push(one);
      continue;
    }
    keys.add(key);
    bytes += size;
    batch.push(one);
  }
  return { batch, rest };
}

async function answer<Call, Outcome>(
  batch: readonly Waiting<Call, Outcome>[],
  run: GatherOptions<Call, Outcome>['run'],
): Promise<void> {
  try {
    const outcomes = await run(batch.map(({ call }) => call));
    for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index] as Outcome);
  } catch (error) {
    if (batch.length > 1 && error instanceof RecordsRefusedError) {
      const middle = batch.length >> 1;
      await Promise.all([answer(batch.slice(0, middle), run), answer(batch.slice(middle), run)]);
      return;
    }
    for (const { reject } of batch) reject(error);
  }
}
