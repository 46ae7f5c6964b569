import type { AgentDescription, AgentRunner } from '../runner.ts';
import type { AgentThread } from './agent-thread.ts';
import { Lane, type LaneOptions } from './lane.ts';
import { SuspectLane } from './suspect-lane.ts';

export interface ThreadedRunnerOptions extends Pick<LaneOptions, 'open' | 'telemetry' | 'restAfterMs'> {
  readonly agent: AgentDescription;
  /** One that is ready already; without it the first attempt starts one. */
  readonly first?: AgentThread;
}

/** Tasks that were in a thread when it died through somebody, perhaps them; older ones are forgotten past this number. */
const MOST_SUSPECTS = 10_000;

/** Runs one agent's attempts in a thread of its own, and those under suspicion each alone in another. */
export function createThreadedRunner(options: ThreadedRunnerOptions): AgentRunner {
  const { agent } = options;
  const lane = new Lane({ ...options, isEager: true });
  const suspectLane = new SuspectLane({ agent, open: options.open, telemetry: options.telemetry });
  const suspects = new Set<string>();

  const suspect = (taskId: string): void => {
    suspects.delete(taskId);
    suspects.add(taskId);
    const [oldest] = suspects;
    if (suspects.size > MOST_SUSPECTS && oldest !== undefined) suspects.delete(oldest);
  };

  return {
    agent,
    async run(received, controls) {
      const { taskId } = received.notification;
      const isSuspect = controls.crashes > 0 || suspects.has(taskId);
      const outcome = await (isSuspect ? suspectLane : lane).run(received, controls);
      // Given back by a stop, it stays what it was.
      if (outcome.status === 'crashed') suspect(taskId);
      else if (outcome.status !== 'stopped') suspects.delete(taskId);
      return outcome;
    },
    close: async () => {
      await Promise.all([lane.close(), suspectLane.close()]);
    },
  };
}
