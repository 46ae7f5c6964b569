import { agentQueueName, type Broker, deadLetterQueueName } from '@tracepost/messaging';
import type { AgentDirectory } from './agent-directory.ts';

/** How many messages wait in the queues of the known agents, asked now and then, not when metrics are collected. */
export interface QueueDepths {
  start(): void;
  read(): ReadonlyMap<string, number>;
  close(): void;
}

const EVERY_MS = 5_000;
const MAX_AGENTS = 200;

export function createQueueDepths({
  broker,
  agents,
  everyMs = EVERY_MS,
}: {
  readonly broker: Broker;
  readonly agents: AgentDirectory;
  readonly everyMs?: number;
}): QueueDepths {
  let depths: ReadonlyMap<string, number> = new Map();
  let isLooking = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;

  const look = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    const found = new Map<string, number>();
    for (const agentId of agents.ids().slice(0, MAX_AGENTS)) {
      for (const queue of [agentQueueName(agentId), deadLetterQueueName(agentId)]) {
        if (isClosed) return;
        const state = await broker.inspect(queue).catch(() => null);
        if (state) found.set(queue, state.ready);
      }
    }
    depths = found;
    isLooking = false;
  };

  return {
    start() {
      if (timer || isClosed) return;
      timer = setInterval(() => void look(), everyMs);
      timer.unref();
    },
    read: () => depths,
    close() {
      isClosed = true;
      clearInterval(timer);
      timer = undefined;
    },
  };
}
