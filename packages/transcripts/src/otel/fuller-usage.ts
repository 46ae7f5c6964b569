import { NO_TOKENS, type SessionModelCall, type TokenUsage } from '@tracepost/contracts';
import type { CountedCalls } from './counted-calls.ts';

/**
 * The inner one of two spans of one call counts, and some programs tell there only the sums, and of what the cache and reasoning took outside.
 * By the key of the span that counts: the call around it, of the same numbers, that tells more of them.
 */
export function fullerUsage(
  { counted, inside }: CountedCalls,
  callOf: (key: string) => SessionModelCall | undefined,
): ReadonlyMap<string, SessionModelCall> {
  const fuller = new Map<string, SessionModelCall>();
  for (const [key, keys] of inside) {
    const [inner, ...others] = keys.filter((one) => hasTokens(callOf(one)));
    if (inner === undefined || others.length > 0 || counted.has(key) || !counted.has(inner)) continue;
    const [outer, call] = [callOf(key), callOf(inner)];
    if (!outer?.usage || !call?.usage || !isSame(outer.usage, call.usage)) continue;
    if (tellsFuller(outer, fuller.get(inner) ?? call)) fuller.set(inner, outer);
  }
  return fuller;
}

function hasTokens(call: SessionModelCall | undefined): boolean {
  return Boolean(call?.usage && call.usage.input + call.usage.output > 0);
}

/** Of two that tell as much, always the same one counts, whichever came first. */
function tellsFuller(one: SessionModelCall, other: SessionModelCall): boolean {
  const [mine, its] = [partsOf(one.usage ?? NO_TOKENS), partsOf(other.usage ?? NO_TOKENS)];
  return mine > its || (mine === its && mine > 0 && (one.rawUsage ?? '') > (other.rawUsage ?? ''));
}

/** Tokens of which is told what they are. */
export function partsOf({ cacheRead, cacheWrite5m, cacheWrite1h, reasoning }: TokenUsage): number {
  return cacheRead + cacheWrite5m + cacheWrite1h + reasoning;
}

/** The inner one tells only sums, with or without what is told apart outside. */
function isSame(outer: TokenUsage, inner: TokenUsage): boolean {
  const cache = outer.cacheRead + outer.cacheWrite5m + outer.cacheWrite1h;
  return (
    partsOf(inner) === 0 &&
    (outer.input === inner.input || outer.input - cache === inner.input) &&
    (outer.output === inner.output || outer.output - outer.reasoning === inner.output)
  );
}
