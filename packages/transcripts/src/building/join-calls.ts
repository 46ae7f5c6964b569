import type { SessionModelCall } from '@tracepost/contracts';
import { earlier, higher, known, later } from './known.ts';
import type { JoinSubagents } from './whose-entry.ts';

/**
 * What the last line of an answer says: it belongs together and is taken whole, from one line. Who answered is a part of it, for another
 * model may have stepped in after the first lines were written, and it is that one's price.
 */
const ANSWER = [
  'atMs',
  'sequence',
  'provider',
  'model',
  'status',
  'error',
  'usage',
  'isPartial',
  'rawUsage',
  'besides',
] as const;
/** What the first line of an answer says of the question. */
const QUESTION = ['beganAtMs', 'askedBy', 'askedAtMs'] as const;

/** Later than any time. */
const LATEST = 1e15;

/** Two witnesses of one call of a model. */
export function joinCalls(
  one: SessionModelCall,
  other: SessionModelCall,
  joinSubagents: JoinSubagents,
): SessionModelCall {
  if (isPlainlyLater(one, other)) return withAnswer(one, other);
  const last = lastOf(one, other);
  const instructionTokens = later(one.instructionTokens ?? null, other.instructionTokens ?? null);
  const { isPartial: _isPartial, ...rest } = one;
  return {
    ...rest,
    ...last,
    ...question(one, other),
    subagent: joinSubagents(one.subagent, other.subagent),
    stopReason: known(one.stopReason, other.stopReason),
    reportedCostUsd: known(one.reportedCostUsd, other.reportedCostUsd),
    serviceTier: knownTier(one.serviceTier, other.serviceTier),
    contextWindow: later(one.contextWindow, other.contextWindow),
    ...(instructionTokens === null ? {} : { instructionTokens }),
  };
}

/** As nearly always: the next line of the same answer, written later, which tells of the question and of who asked what the first did. */
function isPlainlyLater(one: SessionModelCall, other: SessionModelCall): boolean {
  return (
    one.atMs !== null &&
    other.atMs !== null &&
    other.atMs > one.atMs &&
    other.usage !== null &&
    other.model !== null &&
    !one.isPartial &&
    !other.isPartial &&
    'askedBy' in one &&
    typeof one.beganAtMs === 'number' &&
    typeof other.beganAtMs === 'number' &&
    one.beganAtMs < other.beganAtMs &&
    one.subagent === other.subagent &&
    one.serviceTier === other.serviceTier &&
    one.reportedCostUsd === other.reportedCostUsd &&
    one.contextWindow === other.contextWindow &&
    !('instructionTokens' in one) &&
    !('instructionTokens' in other)
  );
}

function withAnswer(one: SessionModelCall, other: SessionModelCall): SessionModelCall {
  const { atMs, sequence, provider, model, status, error, usage, rawUsage, besides } = other;
  const stopReason = known(one.stopReason, other.stopReason);
  return { ...one, atMs, sequence, provider, model, status, error, stopReason, usage, rawUsage, besides };
}

function lastOf(one: SessionModelCall, other: SessionModelCall): Pick<SessionModelCall, (typeof ANSWER)[number]> {
  // As nearly always: the line that comes later was written later.
  const isLater = one.atMs !== null && other.atMs !== null && other.atMs > one.atMs;
  if (isLater && other.usage !== null && other.model !== null && !other.isPartial) return pick(other, ANSWER);
  return higher(pick(one, ANSWER), pick(other, ANSWER), (answer) => [
    // Some programs write down what a call took in another place than what it gave.
    answer.usage === null ? 0 : 1,
    answer.model === null ? 0 : 1,
    answer.isPartial ? 0 : 1,
    answer.atMs ?? -1,
    answer.sequence,
    answer.usage?.output ?? -1,
  ]);
}

function question(one: SessionModelCall, other: SessionModelCall): Pick<SessionModelCall, (typeof QUESTION)[number]> {
  if (!('askedBy' in one) && !('askedBy' in other)) return { askedAtMs: earlier(one.askedAtMs, other.askedAtMs) };
  if (one.askedBy === other.askedBy && one.beganAtMs === other.beganAtMs) {
    return { ...pick(one, QUESTION), askedAtMs: earlier(one.askedAtMs, other.askedAtMs) };
  }
  if (typeof one.beganAtMs === 'number' && typeof other.beganAtMs === 'number' && one.beganAtMs < other.beganAtMs) {
    return pick(one, QUESTION);
  }
  return higher(pick(one, QUESTION), pick(other, QUESTION), ({ beganAtMs }) => [
    beganAtMs === undefined ? -2 * LATEST : -(beganAtMs ?? LATEST),
  ]);
}

/** What nobody has to ask for. */
const PLAIN_TIERS: ReadonlySet<string | null> = new Set(['standard', 'default', 'auto']);

/** The first lines of an answer tell the plain one before it is known how it was served. */
function knownTier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  if (PLAIN_TIERS.has(one) !== PLAIN_TIERS.has(other)) return PLAIN_TIERS.has(one) ? other : one;
  return known(one, other);
}

export function pick<T extends object, K extends keyof T>(value: T, names: readonly K[]): Pick<T, K> {
  const picked: Partial<T> = {};
  for (const name of names) if (name in value) picked[name] = value[name];
  // Every name that the value has is there.
  return picked as Pick<T, K>;
}
