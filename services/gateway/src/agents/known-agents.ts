import type { AgentAnnouncement } from '@tracepost/contracts';
import { agentTopology, type Broker, eventsTopology, type Topology } from '@tracepost/messaging';
import type { RecordStore } from '@tracepost/stores';
import type { Logger } from '@tracepost/telemetry';
import { withDeadline } from '../deadline.ts';
import type { AgentDirectory } from './agent-directory.ts';

/** Keeps the directory of agents true: from announcements as they come, and from the record store now and then. */
export interface KnownAgents {
  /** False until the record store has been read: an agent that nobody knows may then be one that is only down. */
  readonly isLoaded: boolean;
  /** Resolves after the first look into the record store. */
  start(): Promise<void>;
  onAnnouncement(announcement: AgentAnnouncement): void;
  /** Declares an agent's queue again: somebody deleted it. */
  restoreQueue(agentId: string): void;
  /** While an agent's queue is being declared: when that is done. A message that comes before it has nowhere to go. */
  pendingQueue(agentId: string): Promise<void> | undefined;
  close(): void;
}

const REFRESH_MS = 30_000;
/** Until the first look has succeeded: after a restart, agents that are down are known from the store only. */
const FIRST_LOOK_MS = 500;
const TIMEOUT_MS = 5_000;

export function createKnownAgents({
  agents,
  broker,
  records,
  logger,
}: {
  readonly agents: AgentDirectory;
  readonly broker: Broker;
  readonly records: Pick<RecordStore, 'listAnnouncements'>;
  readonly logger: Logger;
}): KnownAgents {
  const pending = new Map<string, Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let isLoaded = false;

  const declare = async (what: string, topology: Topology): Promise<void> => {
    try {
      await broker.declare(topology);
    } catch (error) {
      if (!isClosed) logger.error({ layer: 'queue', error }, `The queues of ${what} cannot be declared`);
    }
  };
  const declareQueue = (agentId: string): void => {
    if (pending.has(agentId)) return;
    const declared = declare(agentId, agentTopology(agentId)).finally(() => pending.delete(agentId));
    pending.set(agentId, declared);
  };
  const learn = (announcement: AgentAnnouncement, options: { readonly isStored: boolean }): void => {
    const isNew = !agents.has(announcement.agentId);
    // The queue has to be there before the first message, also while the agent is down.
    if (agents.apply(announcement, options) && isNew) declareQueue(announcement.agentId);
  };
  const refresh = async (): Promise<void> => {
    let nextMs = REFRESH_MS;
    try {
      const stored = await withDeadline(records.listAnnouncements(), TIMEOUT_MS, 'The record store');
      for (const announcement of stored) learn(announcement, { isStored: true });
      isLoaded = true;
    } catch {
      // Told by the check of the record store.
      nextMs = FIRST_LOOK_MS;
    }
    if (isClosed) return;
    timer = setTimeout(() => void refresh(), nextMs);
    timer.unref();
  };

  return {
    get isLoaded() {
      return isLoaded;
    },
    start() {
      void declare('events', eventsTopology());
      return refresh();
    },
    onAnnouncement: (announcement) => learn(announcement, { isStored: false }),
    restoreQueue: declareQueue,
    // Of a broker that is away nobody can say when.
    pendingQueue: (agentId) => (broker.state === 'ready' ? pending.get(agentId) : undefined),
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
