import type { Broker, BrokerState, OutgoingMessage, PublishOutcome, Topology } from '@tracepost/messaging';

export interface Moods {
  /** What becomes of a message to an agent; null is the broker's own word. */
  toAgents: ((message: OutgoingMessage) => PublishOutcome | Promise<PublishOutcome>) | null;
  /** Away, it takes no message at all. */
  become(state: BrokerState): void;
}

/** A real broker, but for the states and outcomes that it refuses to give on command. */
export function moodyBroker(real: Broker): { readonly broker: Broker; readonly moods: Moods } {
  const listeners = new Set<(state: BrokerState) => void>();
  let state: BrokerState = 'ready';
  const moods: Moods = {
    toAgents: null,
    become(next) {
      state = next;
      for (const listener of listeners) listener(next);
    },
  };
  const isBack = async (): Promise<void> => {
    const back = Promise.withResolvers<void>();
    const listener = (next: BrokerState): void => {
      if (next === 'ready') back.resolve();
    };
    listeners.add(listener);
    if (state !== 'ready') await back.promise;
    listeners.delete(listener);
  };
  const own = {
    /** Waits while it is away, as the port says. */
    async declare(topology: Topology) {
      await isBack();
      return real.declare(topology);
    },
    onStateChange(listener: (state: BrokerState) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async publish(message: OutgoingMessage): Promise<PublishOutcome> {
      if (state !== 'ready') return { status: 'unreachable', reason: state };
      return message.exchange === 'agents' && moods.toAgents ? moods.toAgents(message) : real.publish(message);
    },
  };
  const broker = new Proxy(real, {
    get(target, name) {
      if (name === 'state') return state;
      if (name in own) return Reflect.get(own, name);
      const member = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
  return { broker, moods };
}
