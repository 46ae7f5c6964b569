import { type Entry, Lane } from './lane.ts';

/** Everything that waits, by agent, and how much it is. */
export class Lanes {
  readonly #byAgent = new Map<string, Lane>();
  #messages = 0;
  #bytes = 0;

  get messages(): number {
    return this.#messages;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Undefined when nothing of this agent waits. */
  find(agentId: string): Lane | undefined {
    return this.#byAgent.get(agentId);
  }

  [Symbol.iterator](): Iterator<Lane> {
    return this.#byAgent.values();
  }

  add(agentId: string, entry: Entry): Lane {
    let lane = this.#byAgent.get(agentId);
    if (!lane) {
      lane = new Lane(agentId);
      this.#byAgent.set(agentId, lane);
    }
    lane.insert(entry);
    this.#messages += 1;
    this.#bytes += entry.bytes;
    return lane;
  }

  /** Removing one twice changes nothing. */
  remove(lane: Lane, entry: Entry): void {
    if (entry.state === 'gone') return;
    lane.remove(entry);
    this.#messages -= 1;
    this.#bytes -= entry.bytes;
  }

  /** From now on messages of this agent go to the broker at once. */
  forget(lane: Lane): void {
    this.#byAgent.delete(lane.agentId);
  }

  oldestAtMs(): number | null {
    let oldest: number | null = null;
    for (const { first } of this) if (first && (oldest === null || first.sentAtMs < oldest)) oldest = first.sentAtMs;
    return oldest;
  }
}
