import type { TokenUsage } from '@tracepost/contracts';
import { count, has, type RawUsage, RefusedCount } from './counts.ts';

interface Beside {
  /** What went in and is in no other number here. */
  readonly uncached: number;
  readonly cacheRead: number;
  readonly cacheWrite5m: number;
  readonly cacheWrite1h: number;
  readonly output: number;
  readonly reasoning: number;
}

/** Of a provider that counts the cache beside the input. */
export function outside({ uncached, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning }: Beside): TokenUsage {
  const input = uncached + cacheRead + cacheWrite5m + cacheWrite1h;
  return within({ input, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning });
}

/** Of a provider that counts the cache inside the input: a part that is larger than its whole is refused. */
export function within(usage: TokenUsage): TokenUsage {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning } = usage;
  const cached = cacheRead + cacheWrite5m + cacheWrite1h;
  if (cached > input) throw new RefusedCount(`${cached} tokens of the cache cannot be part of ${input} of the input`);
  if (reasoning > output) throw new RefusedCount(`${reasoning} of reasoning cannot be part of ${output} of the output`);
  return { input, cacheRead, cacheWrite5m, cacheWrite1h, output, reasoning };
}

export function joined(...counts: readonly number[]): number {
  return counts.reduce((sum, one) => sum + one, 0);
}

export type CacheWrites = Pick<TokenUsage, 'cacheWrite5m' | 'cacheWrite1h'>;

/** What was written to the cache, told apart by how long it is kept where `split` says so; the rest is of five minutes. */
export function cacheWrites(usage: RawUsage, all: string, split: string): CacheWrites {
  if (!has(usage, split)) return { cacheWrite5m: count(usage, all), cacheWrite1h: 0 };
  const fiveMinutes = count(usage, `${split}.ephemeral_5m_input_tokens`);
  const hour = count(usage, `${split}.ephemeral_1h_input_tokens`);
  const written = has(usage, all) ? count(usage, all) : joined(fiveMinutes, hour);
  if (hour > written) throw new RefusedCount(`${hour} tokens of ${split} cannot be part of ${written} of ${all}`);
  return { cacheWrite5m: written - hour, cacheWrite1h: hour };
}
