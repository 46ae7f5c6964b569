import type { TokenUsage } from '@tracepost/contracts/token-usage';
import { isObject, type RawUsage } from './counts.ts';
import { readUsage } from './read-usage.ts';

export interface Attempts {
  /** The model that the usage of the call itself belongs to: not the one that was asked, when another had to step in. */
  readonly model: string | null;
  /** What the call's own usage leaves out. */
  readonly besides: readonly { readonly model: string; readonly usage: TokenUsage }[];
}

/** Of nearly every call: one list for all. */
const NOTHING: Attempts['besides'] = Object.freeze([]);

interface Iteration {
  readonly type: string;
  readonly model: string | null;
  readonly usage: TokenUsage;
}

/** More than any call goes through; the list comes from a file of somebody else. */
const MOST_ITERATIONS = 1000;

/**
 * What Anthropic's `usage.iterations` tells beyond the numbers above it: those count the answer, and leave out a model that failed
 * before another stepped in, a summary that was made first (`compaction`), and an adviser. Only what provably is not in
 * the call's own numbers is given; where the list does not add up to them, that is an adviser alone, which they never count.
 */
export function readAttempts(provider: string | null, raw: unknown, model: string | null): Attempts {
  const alone: Attempts = { model, besides: NOTHING };
  if (!isObject(raw) || !Array.isArray(raw.iterations) || raw.iterations.length > MOST_ITERATIONS) return alone;
  const whole = readUsage(provider, raw);
  const iterations = raw.iterations.map((one) => toIteration(provider, one, model));
  if (!whole || iterations.some((one) => one === null)) return alone;
  const all = iterations.filter((one) => one !== null);

  const servedBy = all.findLast((one) => one.type === 'fallback_message')?.model ?? model;
  const isAnswer = (one: Iteration): boolean =>
    one.type === 'fallback_message' || (one.type === 'message' && one.model === servedBy);
  if (isSum(whole, all)) return { model: servedBy, besides: NOTHING };
  // The list may spell the name of the model otherwise than the answer.
  const isOfCall = [isAnswer, isMessage].find((is) => isSum(whole, all.filter(is))) ?? isNoAdviser;
  const besides = all.filter((one) => !isOfCall(one) && (one.usage.input > 0 || one.usage.output > 0));
  return {
    model: servedBy,
    besides: besides.flatMap(({ model: other, usage }) => (other === null ? [] : [{ model: other, usage }])),
  };
}

function toIteration(provider: string | null, raw: unknown, model: string | null): Iteration | null {
  const usage = readUsage(provider, raw);
  if (!usage) return null;
  const { type, model: other } = raw as RawUsage;
  return { type: typeof type === 'string' ? type : '', model: typeof other === 'string' ? other : model, usage };
}

function isMessage({ type }: Iteration): boolean {
  return type === 'message' || type === 'fallback_message';
}

function isNoAdviser({ type }: Iteration): boolean {
  return type !== 'advisor_message';
}

/**
 * Reasoning is not told of iterations, and does not count here; nor does how long a cache is kept, which the whole may tell of the first
 * of them only.
 */
function isSum(whole: TokenUsage, parts: readonly Iteration[]): boolean {
  return COUNTS.every((count) => parts.reduce((sum, { usage }) => sum + count(usage), 0) === count(whole));
}

const COUNTS: readonly ((usage: TokenUsage) => number)[] = [
  ({ input }) => input,
  ({ cacheRead }) => cacheRead,
  ({ cacheWrite5m, cacheWrite1h }) => cacheWrite5m + cacheWrite1h,
  ({ output }) => output,
];
