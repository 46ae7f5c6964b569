import type { TokenUsage } from '@tracepost/contracts';

export interface SpanUsage {
  readonly usage: TokenUsage;
  readonly raw: string;
}

export interface Counts {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  /** What of it is kept for an hour; none, when left out. */
  readonly cacheWrite1h?: number;
  readonly reasoning: number;
  readonly total: number | null;
  readonly gemini: boolean;
}

/** Parts that do not fit into their whole, or that only with it make the total, were counted beside it. */
export function wholeUsage(counts: Counts): TokenUsage {
  const { input, output, cacheRead, cacheWrite, cacheWrite1h = 0, reasoning, total, gemini } = counts;
  const cache = cacheRead + cacheWrite;
  const isCacheBeside = cache > input || (cache > 0 && total === input + output + cache);
  const allInput = isCacheBeside ? input + cache : input;
  const isReasoningBeside = reasoning > output || (reasoning > 0 && total === allInput + output + reasoning);
  // Gemini's total holds thoughts that some programs name nowhere else; they are paid for as output.
  const untold = gemini && reasoning === 0 && total !== null ? Math.max(0, total - allInput - output) : 0;
  return {
    input: allInput,
    cacheRead,
    cacheWrite5m: cacheWrite - cacheWrite1h,
    cacheWrite1h,
    output: (isReasoningBeside ? output + reasoning : output) + untold,
    reasoning: reasoning + untold,
  };
}
