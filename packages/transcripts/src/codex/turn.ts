import type { SessionMessage } from '@tracepost/contracts';

/** When and where in the file something stands. */
export interface Place {
  readonly atMs: number | null;
  readonly sequence: number;
}

/** What the assistant gave since the last call was counted: the answer of the next one. */
export interface Turn {
  readonly messageId: string;
  readonly askedAtMs: number | null;
  readonly beganAtMs: number | null;
  readonly place: Place;
  readonly toolCallIds: string[];
  /** Of its latest piece. */
  endedAtMs: number | null;
  /** A tool of it has given back: what the assistant says now is the next answer, whether this one was counted or not. */
  isOver: boolean;
  /** The attempt that gave this failed: an answer only where more of it comes. */
  hasFailed: boolean;
}

/** Its message, to which the pieces are joined. */
export function turnMessage(turn: Turn, callId: string | null): SessionMessage {
  return {
    messageId: turn.messageId,
    role: 'assistant',
    ...turn.place,
    subagent: null,
    text: '',
    characters: 0,
    estimatedTokens: 0,
    callId,
    toolCallId: null,
    isComplete: true,
    parts: [],
  };
}

const MOST_TURNS = 50_000;

/** Turns that nobody counted, as long as nothing of the session is. */
export class UncountedTurns {
  #turns: { readonly turn: Turn; readonly model: string | null }[] | null = [];

  add(turn: Turn, model: string | null): void {
    if (this.#turns && this.#turns.length < MOST_TURNS) this.#turns.push({ turn, model });
  }

  /** Something was counted: none of these will be. */
  end(): void {
    this.#turns = null;
  }

  get all(): readonly { readonly turn: Turn; readonly model: string | null }[] {
    return this.#turns ?? [];
  }
}
