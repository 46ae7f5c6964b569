import type { SessionDocument, SessionModelCall, SessionToolCall, TokenUsage } from '@tracepost/contracts';
import { responseMs } from '../sessions/times.ts';
import type { Accumulator } from './accumulator.ts';

export const LIVE_MINUTES = 5;

export interface LiveNumbers {
  readonly fromMs: number;
  readonly toMs: number;
  /** In which anything happened. */
  readonly activeSessions: number;
  /** Calls of models that were answered or failed. */
  readonly requestsPerMinute: number;
  /** Of those that were answered; null: of none it is known. */
  readonly averageResponseMs: number | null;
  /** Failed calls of models and tools over all of them; null: there were none. */
  readonly errorRate: number | null;
  /** Into models and out of them, attempts on other models inside a call included. */
  readonly tokensPerMinute: number;
}

/** What of a session is looked at: a whole `SessionDocument`, or its newest entries. */
export interface LiveSession extends Pick<SessionDocument, 'sessionId'> {
  readonly messages: readonly { readonly atMs: number | null }[];
  readonly calls: readonly Pick<SessionModelCall, 'callId' | 'atMs' | 'askedAtMs' | 'status' | 'usage' | 'besides'>[];
  readonly tools: readonly Pick<SessionToolCall, 'atMs' | 'endedAtMs' | 'status' | 'callId'>[];
  /** Calls of it that are counted in another session, by id: neither they nor the tools that they called count here. */
  readonly countedElsewhere?: ReadonlySet<string>;
  /** For calls without a usage of their own, or with a partial one. */
  readonly estimates?: readonly { readonly callId: string; readonly usage: TokenUsage }[];
}

/** The last five minutes before `nowMs`. Each session is added once; one that did nothing in that time changes nothing. */
export function liveNumbers(nowMs: number): Accumulator<LiveSession, LiveNumbers> {
  const fromMs = nowMs - LIVE_MINUTES * 60_000;
  const isNow = (atMs: number | null): boolean => atMs !== null && atMs > fromMs && atMs <= nowMs;
  let activeSessions = 0;
  let requests = 0;
  let tools = 0;
  let failures = 0;
  let tokens = 0;
  let answered = 0;
  let answeredMs = 0;
  return {
    add: (session) => {
      const called = session.calls.filter(({ atMs }) => isNow(atMs));
      // A tool counts when its result is there: until then nobody knows how it went.
      const endedTools = session.tools.filter(
        ({ status, atMs, endedAtMs }) => status !== 'pending' && isNow(endedAtMs ?? atMs),
      );
      const isActive =
        called.length > 0 ||
        endedTools.length > 0 ||
        [...session.messages, ...session.tools].some(({ atMs }) => isNow(atMs));
      if (!isActive) return;
      activeSessions++;
      const isHere = (callId: string | null): boolean =>
        callId === null || session.countedElsewhere?.has(callId) !== true;
      const calls = called.filter(({ callId }) => isHere(callId));
      const ended = endedTools.filter(({ callId }) => isHere(callId));
      requests += calls.length;
      tools += ended.length;
      failures += [...calls, ...ended].filter(({ status }) => status === 'failed').length;
      const estimates = new Map(session.estimates?.map(({ callId, usage }) => [callId, usage]));
      for (const call of calls) {
        const usage = estimates.get(call.callId) ?? call.usage;
        tokens += (usage?.input ?? 0) + (usage?.output ?? 0);
        for (const beside of call.besides) tokens += beside.usage.input + beside.usage.output;
        const ms = responseMs(call);
        if (ms === null) continue;
        answered++;
        answeredMs += ms;
      }
    },
    result: () => ({
      fromMs,
      toMs: nowMs,
      activeSessions,
      requestsPerMinute: requests / LIVE_MINUTES,
      averageResponseMs: answered === 0 ? null : answeredMs / answered,
      errorRate: requests + tools === 0 ? null : failures / (requests + tools),
      tokensPerMinute: tokens / LIVE_MINUTES,
    }),
  };
}
