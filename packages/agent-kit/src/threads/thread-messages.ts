import type { LogLevel, TaskError, Usage } from '@tracepost/contracts';
import type { IncomingNotification } from '@tracepost/messaging';
import type { ThreadChannelData } from '@tracepost/telemetry/thread';
import type { AgentDescription, AttemptOutcome, AttemptServices } from '../runner.ts';

/** What a thread is started with. */
export interface ThreadData {
  readonly module: { readonly url: string; readonly exportName: string; readonly data: unknown };
  readonly serviceName: string;
  readonly terminalLevel: LogLevel | 'silent';
  readonly signals: ThreadChannelData | null;
}

/** From the host to the thread. Every attempt has a number of its own. */
export type ToThread =
  | {
      readonly kind: 'run';
      readonly run: number;
      readonly agentId: string;
      readonly notification: IncomingNotification;
      readonly parent: ParentSpan;
    }
  /** `cancelledBy` null: the worker stops. */
  | { readonly kind: 'abort'; readonly run: number; readonly cancelledBy: string | null }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'refusal'; readonly call: number; readonly error: PlainError }
  | { readonly kind: 'ping' }
  | { readonly kind: 'close' };

export type FromThread =
  | { readonly kind: 'ready'; readonly agents: readonly AgentDescription[] }
  | { readonly kind: 'not_ready'; readonly error: PlainError }
  /** `isLeftBehind`: the handler has not settled, and still runs there. */
  | { readonly kind: 'outcome'; readonly run: number; readonly outcome: PlainOutcome; readonly isLeftBehind: boolean }
  | { readonly kind: 'settled'; readonly run: number }
  | { readonly kind: 'step'; readonly run: number; readonly step: string }
  | ({ readonly kind: 'call'; readonly run: number; readonly call: number } & EffectCall)
  | { readonly kind: 'pong' }
  | { readonly kind: 'closed' };

export type EffectCall = {
  [M in EffectMethod]: { readonly method: M; readonly effect: Parameters<AttemptServices[M]>[0] };
}[EffectMethod];
type EffectMethod = 'beginEffect' | 'endEffect' | 'forgetEffect';

/** The process span, which lives in the host. */
export interface ParentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState: string | null;
}

/** A result crosses as JSON text: what else it may be (dates, classes) becomes here what a record would make of it. */
export type PlainOutcome =
  | Exclude<AttemptOutcome, { status: 'succeeded' | 'crashed' }>
  | { readonly status: 'succeeded'; readonly json: string; readonly isPartial: boolean; readonly usage: Usage };

export interface PlainError extends TaskErrorFields {
  readonly name: string;
  readonly isRetryable: boolean;
}
type TaskErrorFields = Pick<TaskError, 'message' | 'stack'> & { readonly code: string | null };
