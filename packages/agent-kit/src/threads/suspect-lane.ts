import type { AttemptControls, AttemptOutcome, ReceivedAttempt } from '../runner.ts';
import { Lane, type LaneOptions } from './lane.ts';
import { createTurns } from './turns.ts';

const REST_AFTER_MS = 30_000;
/** Behind others of its kind; then the message goes back to its queue. */
const WAIT_MS = 60_000;

/**
 * Where messages run that were there when a thread died: one at a time, so that the next death has one cause. Its thread is started
 * when it is needed, replaced when something may be left in it, and ended when nobody has needed it for a while.
 */
export class SuspectLane {
  readonly #lane: Lane;
  readonly #turns = createTurns();

  constructor(options: Pick<LaneOptions, 'agent' | 'open' | 'telemetry'>) {
    this.#lane = new Lane({ ...options, isEager: false, restAfterMs: REST_AFTER_MS });
  }

  async run(received: ReceivedAttempt, controls: AttemptControls): Promise<AttemptOutcome> {
    const endTurn = await this.#turns.take(controls.signal, WAIT_MS);
    if (endTurn === null) return { status: 'stopped' };
    try {
      return await this.#lane.run(received, controls);
    } finally {
      await this.#lane.clean();
      endTurn();
    }
  }

  close(): Promise<void> {
    return this.#lane.close();
  }
}
