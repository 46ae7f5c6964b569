import { setTimeout as sleep } from 'node:timers/promises';
import type { Telemetry } from '@tracepost/telemetry';
import type { AgentDescription, AttemptControls, AttemptOutcome, ReceivedAttempt } from '../runner.ts';
import type { AgentThread, ThreadEnd } from './agent-thread.ts';

export interface LaneOptions {
  readonly agent: AgentDescription;
  readonly open: () => AgentThread;
  readonly telemetry: Telemetry;
  /** One that is ready already. */
  readonly first?: AgentThread;
  /** A new thread follows the dead one at once, with pauses when they die quickly; else with the next attempt. */
  readonly isEager: boolean;
  /** The thread is ended when no attempt has run for so long, and started again for the next; never when not given. */
  readonly restAfterMs?: number;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** A thread that lived so long did not die of its start. */
const GOOD_LIFE_MS = 30_000;
/** How long an attempt waits for a thread; then somebody else should have it. */
const WAIT_MS = 30_000;

/** A place where attempts of one agent run: one thread at a time, replaced when it dies. */
export class Lane {
  readonly #options: LaneOptions;
  readonly #closing = new AbortController();
  #current: Promise<AgentThread | null> | null = null;
  #deathsInARow = 0;
  #running = 0;
  #resting: NodeJS.Timeout | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
    if (options.first) this.#current = Promise.resolve(this.#watch(options.first));
  }

  async run(received: ReceivedAttempt, controls: AttemptControls): Promise<AttemptOutcome> {
    this.#running += 1;
    clearTimeout(this.#resting);
    try {
      return await this.#run(received, controls);
    } finally {
      this.#running -= 1;
      if (this.#running === 0) this.#restLater();
    }
  }

  async #run(received: ReceivedAttempt, controls: AttemptControls): Promise<AttemptOutcome> {
    for (;;) {
      const thread = await this.#take(controls.signal);
      if (thread === null) return { status: 'stopped' };
      if (!thread.hasEnded) return thread.run(this.#options.agent, received, controls);
      // Dead, and not replaced yet: the next turn waits for the new one.
      await thread.ended;
    }
  }

  /** Ends a thread in which something is left of attempts that are over; the next attempt starts another. */
  async clean(): Promise<void> {
    const thread = await this.#current;
    if (thread?.hasLeftovers) await this.#drop(thread);
  }

  async close(): Promise<void> {
    clearTimeout(this.#resting);
    this.#closing.abort();
    const thread = await this.#current;
    await thread?.close();
  }

  async #take(signal: AbortSignal): Promise<AgentThread | null> {
    this.#current ??= this.#supply();
    const late = AbortSignal.any([signal, this.#closing.signal, AbortSignal.timeout(WAIT_MS)]);
    if (late.aborted) return null;
    const over = Promise.withResolvers<null>();
    const onLate = () => over.resolve(null);
    late.addEventListener('abort', onLate, { once: true });
    const thread = await Promise.race([this.#current, over.promise]);
    late.removeEventListener('abort', onLate);
    return thread;
  }

  /** A thread that is ready; null when the lane was closed first. */
  async #supply(): Promise<AgentThread | null> {
    const { signal } = this.#closing;
    for (;;) {
      await sleep(this.#pauseMs(), undefined, { signal, ref: false }).catch(() => {});
      if (signal.aborted) return null;
      const thread = this.#options.open();
      const onClose = () => void thread.close();
      signal.addEventListener('abort', onClose, { once: true });
      try {
        await thread.ready;
        return this.#watch(thread);
      } catch (error) {
        this.#deathsInARow += 1;
        if (!signal.aborted) this.#tellUnready(error);
      } finally {
        signal.removeEventListener('abort', onClose);
      }
    }
  }

  #pauseMs(): number {
    if (this.#deathsInARow <= 1) return 0;
    return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#deathsInARow - 2));
  }

  #watch(thread: AgentThread): AgentThread {
    void thread.ended.then((end) => this.#replace(end));
    this.#restLater();
    return thread;
  }

  #restLater(): void {
    const { restAfterMs } = this.#options;
    clearTimeout(this.#resting);
    if (restAfterMs === undefined || this.#closing.signal.aborted) return;
    this.#resting = setTimeout(() => void this.#rest(), restAfterMs).unref();
  }

  async #rest(): Promise<void> {
    const thread = await this.#current;
    if (thread && this.#running === 0) await this.#drop(thread);
  }

  async #drop(thread: AgentThread): Promise<void> {
    this.#current = null;
    await thread.close();
  }

  #replace(end: ThreadEnd): void {
    if (end.reason === 'closed') return;
    this.#current = null;
    this.#tellEnd(end);
    // One that has died after a good while is replaced at once.
    this.#deathsInARow = end.livedMs >= GOOD_LIFE_MS ? 1 : this.#deathsInARow + 1;
    if (!this.#options.isEager) this.#deathsInARow = 0;
    else if (!this.#closing.signal.aborted) this.#current = this.#supply();
  }

  #tellEnd({ reason, message, running, livedMs }: ThreadEnd): void {
    const { agent, telemetry } = this.#options;
    telemetry.metrics.add('tracepost.agent.thread.ends', 1, {
      'tracepost.agent.id': agent.id,
      'tracepost.reason': reason,
    });
    const handlers = running.join(', ');
    telemetry.logger.error(
      {
        layer: 'agent',
        phase: 'hop',
        hopName: 'attempt',
        hopResult: reason,
        result: 'error',
        agentId: agent.id,
        handlers,
        livedMs: Math.round(livedMs),
        'error.code': reason,
        'error.message': message,
      },
      `a thread of agent ${agent.id} ended while ${handlers === '' ? 'nothing' : handlers} ran: ${message}`,
    );
  }

  #tellUnready(error: unknown): void {
    const { agent, telemetry } = this.#options;
    telemetry.metrics.add('tracepost.agent.thread.ends', 1, {
      'tracepost.agent.id': agent.id,
      'tracepost.reason': 'not_ready',
    });
    telemetry.logger.error(
      { layer: 'agent', phase: 'start', result: 'error', agentId: agent.id, error },
      `a thread of agent ${agent.id} could not start; it is tried again`,
    );
  }
}
