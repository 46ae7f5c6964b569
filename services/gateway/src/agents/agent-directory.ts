import {
  type AgentAnnouncement,
  type AgentView,
  type AgentWorker,
  type AnnouncedType,
  WORKER_SILENT_AFTER_MS,
} from '@tracepost/contracts';
import { agentQueueName } from '@tracepost/messaging';

/** The agents that have ever announced themselves. */
export interface AgentDirectory {
  /**
   * True when the announcement was news; an older one of the same worker changes nothing. A worker whose clock is far ahead would
   * win for ever: what it says counts as of the moment when it is heard, and what the store kept of it (`isStored`), of which
   * nobody knows when it was, only as long as nothing else is known of that worker.
   */
  apply(announcement: AgentAnnouncement, options?: { readonly isStored?: boolean }): boolean;
  has(agentId: string): boolean;
  /** The type as announced last; undefined when the agent does not take it. */
  findType(agentId: string, type: string): AnnouncedType | undefined;
  typeNames(agentId: string): string[];
  ids(): string[];
  get(agentId: string): AgentView | null;
  list(): AgentView[];
}

interface Known {
  /** Whose description and types count for the agent: the newest announcement, of a worker that runs where there is one. */
  newest: AgentAnnouncement;
  types: Map<string, AnnouncedType>;
  readonly workers: Map<string, AgentAnnouncement>;
}

const MAX_AGENTS = 1_000;
const MAX_WORKERS = 1_000;
/** Clocks of machines differ by seconds; beyond this one of them is wrong. */
const MOST_AHEAD_MS = 60_000;

export function createAgentDirectory({ now = Date.now }: { readonly now?: () => number } = {}): AgentDirectory {
  const agents = new Map<string, Known>();

  const describeWorker = (announcement: AgentAnnouncement): AgentWorker => {
    const isSilent = now() - Date.parse(announcement.at) > WORKER_SILENT_AFTER_MS;
    return {
      workerId: announcement.workerId,
      capacity: announcement.capacity,
      version: announcement.version,
      state: announcement.state === 'running' && isSilent ? 'silent' : announcement.state,
      lastSeenAt: announcement.at,
    };
  };

  /** One that goes must not speak for those that stay: it may be of an older version. */
  const speaksForAnother = ({ workerId, state }: AgentAnnouncement, newest: AgentAnnouncement): boolean =>
    state === 'stopped' && workerId !== newest.workerId && describeWorker(newest).state === 'running';

  const describeAgent = ({ newest, workers: announcements }: Known): AgentView => {
    const workers = [...announcements.values()].map(describeWorker);
    const running = workers.filter((worker) => worker.state === 'running');
    return {
      agentId: newest.agentId,
      description: newest.description,
      version: newest.version,
      status: running.length > 0 ? 'running' : 'stopped',
      capacity: running.reduce((sum, worker) => sum + worker.capacity, 0),
      queue: agentQueueName(newest.agentId),
      lastSeenAt:
        workers
          .map((worker) => worker.lastSeenAt)
          .sort()
          .at(-1) ?? newest.at,
      notificationTypes: newest.notificationTypes,
      workers,
    };
  };

  /** With a time that can be; null when it says nothing that is not known better. */
  const believable = (announcement: AgentAnnouncement, isStored: boolean): AgentAnnouncement | null => {
    if (Date.parse(announcement.at) <= now() + MOST_AHEAD_MS) return announcement;
    if (!isStored) return { ...announcement, at: new Date(now()).toISOString() };
    const isKnown = agents.get(announcement.agentId)?.workers.has(announcement.workerId) === true;
    // Whoever runs announces itself again in a moment.
    return isKnown ? null : { ...announcement, at: new Date(now() - WORKER_SILENT_AFTER_MS - 1).toISOString() };
  };

  return {
    apply(told, { isStored = false } = {}) {
      const announcement = believable(told, isStored);
      if (!announcement) return false;
      const { agentId, workerId, at } = announcement;
      const known = agents.get(agentId);
      if (!known) {
        if (agents.size >= MAX_AGENTS) return false;
        agents.set(agentId, {
          newest: announcement,
          types: typesOf(announcement),
          workers: new Map([[workerId, announcement]]),
        });
        return true;
      }
      const before = known.workers.get(workerId);
      if (before && !isNewer(announcement, before)) return false;
      // The worker heard of last stands last: the first ones are those silent for longest.
      known.workers.delete(workerId);
      known.workers.set(workerId, announcement);
      if (known.workers.size > MAX_WORKERS) forgetFirst(known.workers);
      if (at >= known.newest.at && !speaksForAnother(announcement, known.newest)) {
        known.newest = announcement;
        known.types = typesOf(announcement);
      }
      return true;
    },
    has: (agentId) => agents.has(agentId),
    findType: (agentId, type) => agents.get(agentId)?.types.get(type),
    typeNames: (agentId) => [...(agents.get(agentId)?.types.keys() ?? [])],
    ids: () => [...agents.keys()],
    get(agentId) {
      const known = agents.get(agentId);
      return known ? describeAgent(known) : null;
    },
    list: () => [...agents.values()].map(describeAgent).sort((a, b) => (a.agentId < b.agentId ? -1 : 1)),
  };
}

/** Of two in the same millisecond, the one that says goodbye came later. */
function isNewer(announcement: AgentAnnouncement, before: AgentAnnouncement): boolean {
  if (announcement.at !== before.at) return announcement.at > before.at;
  return announcement.state === 'stopped' && before.state === 'running';
}

function typesOf(announcement: AgentAnnouncement): Map<string, AnnouncedType> {
  return new Map(announcement.notificationTypes.map((announced) => [announced.type, announced]));
}

function forgetFirst(workers: Map<string, AgentAnnouncement>): void {
  const [first] = workers.keys();
  if (first !== undefined) workers.delete(first);
}
