import type { AgentRunner } from '../runner.ts';
import { AgentThread, type AgentThreadOptions } from './agent-thread.ts';
import { createThreadedRunner } from './threaded-runner.ts';

export interface ThreadedRunnersOptions extends AgentThreadOptions {
  /** A thread that nobody has needed for so long is ended, and started again when it is; never when not given. */
  readonly restAfterMs?: number;
}

/**
 * Runs the agents of a module in threads: each agent in one of its own, so that a handler that ends, blocks or bloats its thread takes
 * nothing with it but what runs beside it there, and that is run again, alone. Rejects with the module's own error when it cannot be loaded.
 */
export async function startThreadedRunners(options: ThreadedRunnersOptions): Promise<readonly AgentRunner[]> {
  const open = () => new AgentThread(options);
  // It says which agents there are, and then serves the first of them.
  const first = open();
  const agents = await first.ready;
  return agents.map((agent, at) => createThreadedRunner({ ...options, agent, open, ...(at === 0 ? { first } : {}) }));
}
