import { MAX_CALL_TOKENS, type TokenUsage } from '@tracepost/contracts/token-usage';
import { isObject, type RawUsage, RefusedCount } from './counts.ts';
import { USAGE_SHAPES } from './shapes.ts';

export type UsageReading =
  | { readonly status: 'read'; readonly usage: TokenUsage; readonly shape: string }
  /** `absent`: there is no usage here. `refused`: there is, with a number that cannot be; nothing of it is taken. */
  | { readonly status: 'absent' | 'refused'; readonly usage: null; readonly reason: string };

/**
 * What a provider says that a call used, in one shape, or null. `raw` is its usage object (`usage`, `usageMetadata`, …),
 * not the answer around it: that is `readAnswerUsage`. The names in it tell the dialect; `provider` (in the words of
 * `gen_ai.provider.name`, or null) decides only where the names do not.
 */
export function readUsage(provider: string | null, raw: unknown): TokenUsage | null {
  return readUsageOrWhy(provider, raw).usage;
}

/** The same, and the reason where there is none. */
export function readUsageOrWhy(provider: string | null, raw: unknown): UsageReading {
  if (!isObject(raw)) return { status: 'absent', usage: null, reason: 'no usage was reported' };
  const name = provider?.toLowerCase() ?? '';
  const shape = USAGE_SHAPES.find((one) => one.is(raw, name));
  if (!shape) return { status: 'absent', usage: null, reason: namesUnknown(raw) };
  try {
    return { status: 'read', usage: possible(shape.read(raw, name)), shape: shape.name };
  } catch (error) {
    if (!(error instanceof RefusedCount)) throw error;
    return { status: 'refused', usage: null, reason: error.message };
  }
}

/** Each count can be, and what they come to together cannot. */
function possible(usage: TokenUsage): TokenUsage {
  const { input, output } = usage;
  if (input > MAX_CALL_TOKENS || output > MAX_CALL_TOKENS)
    throw new RefusedCount(
      `${input} in and ${output} out are claimed; no call has more than ${MAX_CALL_TOKENS} tokens`,
    );
  return usage;
}

function namesUnknown(raw: RawUsage): string {
  const names = Object.keys(raw)
    .slice(0, 5)
    .map((name) => name.slice(0, 40));
  return `no counts of tokens are known under these names: ${names.join(', ') || '(none)'}`;
}
