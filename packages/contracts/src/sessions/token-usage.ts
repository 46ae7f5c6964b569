/**
 * Tokens of one model call, in one shape for every provider. Whole numbers, none negative; `cacheRead`, `cacheWrite5m` and
 * `cacheWrite1h` are parts of `input`, `reasoning` is a part of `output`.
 */
export interface TokenUsage {
  /** Everything that went in, what was read from and written to a cache too. */
  readonly input: number;
  readonly cacheRead: number;
  /** Written to a cache that keeps it five minutes, or for a time that the provider does not name. */
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  /** Everything that came out, reasoning too. */
  readonly output: number;
  readonly reasoning: number;
}

/** Most tokens of one kind that a call may claim. No call has more: it is damage or an attack; and sums of thousands of millions of calls stay exact. */
export const MAX_CALL_TOKENS = 1_000_000_000;

export const NO_TOKENS: TokenUsage = Object.freeze({
  input: 0,
  cacheRead: 0,
  cacheWrite5m: 0,
  cacheWrite1h: 0,
  output: 0,
  reasoning: 0,
});
