/** Tasks that were there when a worker died: of each agent one at a time may be held by this worker. */
export interface Suspects {
  /** Null while another one of this agent is under way; else to be called when it is over. */
  begin(agentId: string): (() => void) | null;
}

/**
 * Whoever waits for its turn does so in the queue, unclaimed: were it held meanwhile, it would be counted as dead once more
 * when the one before it takes the process along, and end like it.
 */
export function createSuspects(): Suspects {
  const underWay = new Set<string>();
  return {
    begin(agentId) {
      if (underWay.has(agentId)) return null;
      underWay.add(agentId);
      return () => underWay.delete(agentId);
    },
  };
}
