import type { TokenUsage } from '@tracepost/contracts';
import { readUsageOrWhy } from '@tracepost/pricing';
import type { LeaveOut } from '../format-reader.ts';

const RAW_CHARACTERS = 8192;

export interface ReportedUsage {
  readonly usage: TokenUsage | null;
  readonly rawUsage: string | null;
}

const NO_USAGE: ReportedUsage = Object.freeze({ usage: null, rawUsage: null });

/**
 * Usage as the provider reported it, in the house's shape and in its own words. Counts that cannot be are left out, all of them together,
 * so that no sum is wrong by part of it, and `leaveOut` is told why; what was said and done in that call is true all the same.
 */
export function reportedUsage(provider: string | null, raw: unknown, leaveOut: LeaveOut): ReportedUsage {
  if (raw === undefined || raw === null) return NO_USAGE;
  const reading = readUsageOrWhy(provider, raw);
  if (reading.status === 'refused') {
    leaveOut(`the usage cannot be, and only it is left out: ${reading.reason}`);
    return NO_USAGE;
  }
  const text = JSON.stringify(raw) ?? '';
  return { usage: reading.usage, rawUsage: text.length > RAW_CHARACTERS ? null : text };
}
