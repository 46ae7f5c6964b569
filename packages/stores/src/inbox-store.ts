import type { AttemptFacts, TaskEvent } from '@tracepost/contracts';

/**
 * Who works on which task, and how each task ended: what makes a duplicated delivery harmless. Everything here is
 * durable when the promise resolves. Each method rejects when the store cannot answer; then nothing is known, and the
 * worker gives the message back. `RecordsRefusedError`: the values can never be stored (a time that is no number, a
 * payload over 16 MiB); then nothing was, and no other call is the worse for it.
 */
export interface InboxStore {
  /**
   * Asks for the right to begin an attempt. The rules, by what is known of the task:
   * - nothing, or `waiting` for this attempt (or an earlier one): claimed.
   * - `ended`: the ending, to be told again; the message can be forgotten.
   * - `waiting` for a later attempt: `superseded`; the message is an old copy and can be forgotten, once `failedAttempts` are told.
   * - `running`: when `isRedelivered` and the same `copy`, its worker has lost it: claimed, with a higher generation.
   *   Else `busy` until the claim runs out (`expiresAt`), since another copy of the message is being worked on; past that time claimed.
   * A claim of a task whose cancelling was requested gives `isCancelRequested`. `attempt` is the number of the attempt that begins now: the one
   * that the message names, or, when a running one was taken over, the next. `crashes`: how many running ones were taken over so far, each by another worker: one that takes over from itself, because an answer
   * or its connection was lost, has not died. The broker
   * cannot count either: it also counts deliveries that only waited for their turn when their worker died.
   * `lostAttempts`: those that were taken over, oldest first. Their workers may have been gone before anybody had heard that they began, so
   * whoever is given them tells of them before anything else; they are given again with every claim and with the ending. A list
   * that has grown to some kilobytes begins anew: a task ends long before, only a worker may take over from itself without end.
   */
  claim(request: ClaimRequest): Promise<ClaimOutcome>;
  /**
   * The attempt failed and its retry lies confirmed in a delay queue. False when the claim was lost meanwhile (another generation).
   * `event` (`attempt_failed`) is kept: its worker may be gone before it has told it, and then its message, which comes again as `superseded` or
   * `ended`, brings it to whoever tells it instead. A list that has grown to 64 KiB begins anew.
   */
  awaitRetry(claim: {
    readonly taskId: string;
    readonly generation: number;
    readonly nextAttempt: number;
    readonly event: TaskEvent;
  }): Promise<boolean>;
  /**
   * Gives a running attempt back unharmed, because its worker stops: whoever has the message next runs the same attempt. False when
   * the claim was lost meanwhile. One that is not released counts as a crash when it is taken over.
   */
  release(claim: { readonly taskId: string; readonly generation: number }): Promise<boolean>;
  /**
   * Writes the ending; the first one holds for ever. Gives the ending that holds: the same event, or an earlier one. With
   * `generation: null` (the recorder, for a message that was given up) it also ends what nobody or somebody else holds; an attempt that
   * is running is then one of the lost.
   * `lost`: another generation holds the claim, nothing was written.
   */
  end(ending: {
    readonly taskId: string;
    readonly generation: number | null;
    readonly event: TaskEvent;
  }): Promise<EndedOutcome | { readonly status: 'lost' }>;
  /**
   * Not begun or waiting for a retry: ends it with `event` at once (`cancelled`). Running: marks it (`requested`). Ended: tells the ending.
   * Asked again, it says the same.
   */
  cancel(request: { readonly taskId: string; readonly event: TaskEvent }): Promise<CancelOutcome>;
  /**
   * The raw message as a worker first saw it, also when the task was cancelled before that; kept for retries for seven
   * days. Null when no worker has seen it yet, or it is forgotten.
   */
  payloadOf(taskId: string): Promise<KeptPayload | null>;

  /**
   * Effects outside of the house, once each. `begun`: go ahead, then `endEffect` or, when it certainly did not happen, `forgetEffect`.
   * `done`: it happened, with this result. `uncertain`: it was begun and never told to have ended, so it may have happened or not.
   */
  beginEffect(effect: EffectKey & { readonly taskId: string; readonly at: string }): Promise<EffectOutcome>;
  endEffect(effect: EffectKey & { readonly result: unknown }): Promise<void>;
  forgetEffect(effect: EffectKey): Promise<void>;
  /** Forgets payloads older than seven days, endings and effects older than the task records (90 days). Gives how many rows went. */
  purge(nowMs: number): Promise<number>;
}

export interface ClaimRequest {
  readonly taskId: string;
  readonly agentId: string;
  readonly workerId: string;
  /** As the message says: 1, or what its retry was published with. */
  readonly attempt: number;
  /** Which copy of the message: a resend or a retry has another one. */
  readonly copy: string;
  readonly isRedelivered: boolean;
  readonly nowMs: number;
  /** When the attempt must have ended, with some grace. */
  readonly expiresAtMs: number;
  /** Kept with the claim, so that it is known of the attempt even if its worker is gone at once. */
  readonly beginning: AttemptBeginning;
  readonly payload: KeptPayload;
}

/** What is told of an attempt that begins, besides its number and its worker. */
export type AttemptBeginning = Pick<AttemptFacts, 'startedAt' | 'queueWaitMs' | 'backOffMs' | 'spanId'>;

export interface EndedOutcome {
  readonly status: 'ended';
  readonly event: TaskEvent;
  readonly lostAttempts: readonly AttemptFacts[];
  /** `attempt_failed` of each attempt that was tried again, oldest first. */
  readonly failedAttempts: readonly TaskEvent[];
}

export type ClaimOutcome =
  | {
      readonly status: 'claimed';
      readonly generation: number;
      readonly isCancelRequested: boolean;
      readonly attempt: number;
      readonly crashes: number;
      readonly lostAttempts: readonly AttemptFacts[];
    }
  | EndedOutcome
  | { readonly status: 'superseded'; readonly failedAttempts: readonly TaskEvent[] }
  | { readonly status: 'busy'; readonly expiresAtMs: number };

export type CancelOutcome =
  | { readonly status: 'cancelled'; readonly event: TaskEvent }
  | { readonly status: 'requested' }
  | { readonly status: 'ended'; readonly event: TaskEvent };

export interface KeptPayload {
  readonly body: Buffer;
  /** What a retry needs besides the body: type, source, correlation id, session id, priority, tenant. */
  readonly properties: Readonly<Record<string, string | number | boolean | null>>;
}

/** `scope` is `task:{taskId}` or `agent:{agentId}`. */
export interface EffectKey {
  readonly tenantId: string;
  readonly scope: string;
  readonly key: string;
}

export type EffectOutcome =
  | { readonly status: 'begun' }
  | { readonly status: 'done'; readonly result: unknown }
  | { readonly status: 'uncertain'; readonly since: string };
