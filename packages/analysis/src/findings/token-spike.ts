import type { Anomaly, SessionDocument, SessionModelCall, TokenUsage } from '@tracepost/contracts';
import { callEvidence } from '../sessions/evidence.ts';
import { robustThreshold, spreadOf } from './spread.ts';

const WINDOW_MS = 5 * 60_000;
const LEAST_WINDOWS_BEFORE = 3;
const FACTOR = 2;
const MOST_EVIDENCE = 10;

/**
 * Whether the last five minutes took more than twice the tokens of the five-minute windows before, on average. Windows are laid backwards
 * from the last call; those in which nobody asked anything say nothing about the rate of work and are left out; at least three are needed.
 * Calls without usage of their own count as they were estimated, by call id; the baseline says how many calls these were.
 */
export function tokenSpike(
  document: SessionDocument,
  estimates: ReadonlyMap<string, TokenUsage> = new Map(),
): readonly Anomaly[] {
  const counted = document.calls.filter(
    ({ callId, usage, besides, atMs }) =>
      atMs !== null && (usage !== null || besides.length > 0 || estimates.has(callId)),
  );
  const tokensOf = (call: SessionModelCall): number => tokensWith(call, estimates);
  const endMs = counted.reduce((latest, call) => Math.max(latest, call.atMs ?? 0), 0);
  const tokens = new Map<number, number>();
  for (const call of counted) {
    const window = windowOf(call, endMs);
    tokens.set(window, (tokens.get(window) ?? 0) + tokensOf(call));
  }
  const rateOf = (sum: number): number => sum / (WINDOW_MS / 60_000);
  const value = rateOf(tokens.get(0) ?? 0);
  tokens.delete(0);
  const spread = spreadOf([...tokens.values()].map(rateOf));
  if (!spread || spread.count < LEAST_WINDOWS_BEFORE) return [];
  const threshold = FACTOR * spread.mean;
  if (value <= threshold) return [];
  const robust = spread.mad > 0 ? robustThreshold(spread) : null;
  const estimatedCalls = counted.filter(
    ({ callId, usage, isPartial }) => isPartial === true || (usage === null && estimates.has(callId)),
  ).length;
  const last = counted.filter((call) => windowOf(call, endMs) === 0).sort((a, b) => tokensOf(b) - tokensOf(a));
  return [
    {
      kind: 'token_spike',
      value,
      threshold,
      unit: 'tokens_per_minute',
      baseline: {
        windows: spread.count,
        windowMinutes: WINDOW_MS / 60_000,
        averagePerMinute: spread.mean,
        medianPerMinute: spread.median,
        madPerMinute: spread.mad,
        ...(estimatedCalls > 0 ? { estimatedCalls } : {}),
      },
      robust: robust === null ? null : { threshold: robust, agrees: value > robust },
      evidence: last.slice(0, MOST_EVIDENCE).map((call) => callEvidence(document, call)),
    },
  ];
}

/** 0 the last five minutes, 1 those before, … */
function windowOf(call: SessionModelCall, endMs: number): number {
  return Math.floor((endMs - (call.atMs ?? 0)) / WINDOW_MS);
}

/** With those of attempts on other models, which are tokens of the session too. */
function tokensWith({ callId, usage, besides }: SessionModelCall, estimates: ReadonlyMap<string, TokenUsage>): number {
  const known = usage ?? estimates.get(callId);
  let tokens = known ? known.input + known.output : 0;
  for (const beside of besides) tokens += beside.usage.input + beside.usage.output;
  return tokens;
}
