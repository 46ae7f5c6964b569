import type { OutgoingMessage, PublishOutcome } from '../broker.ts';

/**
 * Where a message waits durably while the broker cannot take it: what `send` has told as `confirmed` or `stored` is
 * not lost, whatever ends this process. It may reach the broker twice.
 */
export interface Outbox {
  /**
   * To the broker, or, while that cannot be reached, does not confirm, or has older messages of this agent to take first, onto the disk.
   * Never throws. Bounded by the broker's confirm timeout and 5 s for the disk.
   */
  send(message: OutgoingMessage, lane: { readonly agentId: string }): Promise<SendOutcome>;
  /**
   * The two halves of `send`, for whoever waits for the broker's outcome anyway: the number of a message in the order of all, or null
   * when older ones of its agent have to go first, so that it has to be kept.
   */
  takeTurn(agentId: string): number | null;
  /** What the broker did not take (`turn`), or did not get. */
  keep(message: OutgoingMessage, place: Place): Promise<KeepOutcome>;
  read(): OutboxView;
  /** Takes nothing new; what is left goes out after the next opening. Safe to call twice. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Place {
  readonly agentId: string;
  readonly turn: number | null;
  /** It was sent, and no answer came: the broker may have it. */
  readonly isUncertain: boolean;
}

export type SendOutcome = Exclude<PublishOutcome, { status: 'unreachable' | 'unconfirmed' }> | KeepOutcome;

/** `isUncertain`: the message was sent or written without an answer, so it may be delivered all the same. */
export type KeepOutcome =
  /** On the disk: the broker gets it later, after the older ones of the same agent. */
  | { readonly status: 'stored' }
  /** The broker does not take it, and the outbox is at its limit. */
  | { readonly status: 'full'; readonly reason: string; readonly isUncertain: boolean }
  /** The broker does not take it, and the outbox cannot be written. */
  | { readonly status: 'unavailable'; readonly reason: string; readonly isUncertain: boolean };

export interface OutboxView {
  /** Messages that wait. */
  readonly messages: number;
  readonly maxMessages: number;
  readonly bytes: number;
  readonly maxBytes: number;
  /** How long the oldest has waited; 0 when none waits. */
  readonly oldestMs: number;
  /** Why nothing can be stored now; null while all is well. */
  readonly fault: string | null;
  /** Damaged files and messages that this process has set aside. */
  readonly damaged: number;
}
