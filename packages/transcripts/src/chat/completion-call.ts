import type { SessionModelCall } from '@tracepost/contracts';
import { reportedUsage } from '../building/usage.ts';
import { answerIdOf, type Fields, fieldsOf, listOf, textOf } from '../building/values.ts';
import type { LeaveOut } from '../format-reader.ts';

/** What an answer in the shape of OpenAI's chat completions says of its call. */
export function completionCall(
  response: Fields,
  provider: string | null,
  leaveOut: LeaveOut,
): Pick<SessionModelCall, 'usage' | 'rawUsage' | 'stopReason' | 'serviceTier'> & { readonly callId: string | null } {
  return {
    callId: answerIdOf(response.id),
    stopReason: textOf(fieldsOf(listOf(response.choices)[0]).finish_reason),
    serviceTier: textOf(response.service_tier),
    ...reportedUsage(provider, response.usage, leaveOut),
  };
}
