/** What one variant did in one round. */
export interface Round {
  readonly perSecond: number;
  readonly cpuMicrosPerItem: number;
  readonly lost: number;
}

export interface Contender {
  readonly name: string;
  readonly run: (seconds: number) => Promise<Round>;
}

/** Fewer only to try a benchmark out: a result needs twelve. */
export const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 12);
export const SECONDS = 3;

/**
 * Runs the contenders in turns, forwards and backwards (A B C, C B A, …), after one round for warming up that is thrown
 * away: what drifts on the machine drifts for all of them.
 */
export async function alternate(contenders: readonly Contender[]): Promise<Map<string, Round[]>> {
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await contender.run(SECONDS);
  for (let round = 0; round < ROUNDS; round++) {
    const order = round % 2 === 0 ? contenders : [...contenders].reverse();
    for (const { name, run } of order) results.get(name)?.push(await run(SECONDS));
    process.stderr.write(`round ${round + 1} of ${ROUNDS}\r`);
  }
  process.stderr.write('\n');
  return results;
}
