import type { TokenUsage } from '@tracepost/contracts';
import { MAX_CALL_TOKENS } from '@tracepost/contracts/token-usage';
import { type KeptCall, RecordsRefusedError, type SessionToKeep } from '@tracepost/stores';
import { columnText } from '../column-text.ts';
import type { SessionCallsTable } from './schema.ts';
import { sessionKey } from './session-key.ts';

/** A thousandth of a dollar in picodollars. */
const MILLIDOLLAR = 1_000_000_000n;
/** Sessions of which it is not known when they began come after all others. */
const NOT_KNOWN = Number.MAX_SAFE_INTEGER;

export function toCallRows({
  tenantId,
  document,
  analysis,
  calls,
  nowMs,
  takenAtMs = nowMs,
}: SessionToKeep): SessionCallsTable[] {
  const { startedAtMs, endedAtMs } = analysis.totals;
  const ofSession = {
    session_key: sessionKey(tenantId, document.sessionId),
    tenant_id: columnText(tenantId),
    session_id: columnText(document.sessionId),
    began_ms: startedAtMs ?? NOT_KNOWN,
    agent_id: columnText(document.agentId),
  };
  return calls.map((call) => ({
    ...ofSession,
    call_id: columnText(call.callId),
    part: call.part,
    provider: columnText(call.provider),
    model: columnText(call.model),
    at_ms: call.atMs ?? startedAtMs ?? endedAtMs ?? takenAtMs,
    is_failed: call.status === 'failed' ? 1 : 0,
    is_estimated: call.usageSource === 'estimated' ? 1 : 0,
    ...tokenColumns(call),
    ...costColumns(call),
  }));
}

function tokenColumns({ callId, usage }: KeptCall) {
  for (const kind of TOKEN_KINDS) {
    const count = usage[kind];
    if (Number.isInteger(count) && count >= 0 && count <= MAX_CALL_TOKENS) continue;
    throw new RecordsRefusedError(
      `The call ${callId.slice(0, 200)} claims ${count} tokens (${kind}); right would be a whole number from 0 to ${MAX_CALL_TOKENS}. Nothing was stored.`,
    );
  }
  return {
    input: usage.input,
    cache_read: usage.cacheRead,
    cache_write_5m: usage.cacheWrite5m,
    cache_write_1h: usage.cacheWrite1h,
    output: usage.output,
    reasoning: usage.reasoning,
  };
}

export const TOKEN_KINDS: readonly (keyof TokenUsage)[] = [
  'input',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'output',
  'reasoning',
];

function costColumns({ callId, costPicodollars }: KeptCall) {
  if (costPicodollars === null) return { cost_millidollars: null, cost_picodollars: null };
  const millidollars = costPicodollars / MILLIDOLLAR;
  if (costPicodollars < 0n || millidollars > MAX_CALL_TOKENS) {
    throw new RecordsRefusedError(
      `The call ${callId.slice(0, 200)} costs ${costPicodollars} picodollars, which no call does. Nothing was stored.`,
    );
  }
  return { cost_millidollars: Number(millidollars), cost_picodollars: Number(costPicodollars % MILLIDOLLAR) };
}

/** Both columns, added up. */
export function toCost(millidollars: bigint, picodollars: bigint): bigint {
  return millidollars * MILLIDOLLAR + picodollars;
}
