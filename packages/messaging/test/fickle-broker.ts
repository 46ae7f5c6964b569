import { setTimeout as sleep } from 'node:timers/promises';
import type { Broker, BrokerState, OutgoingMessage, PublishOutcome } from '../src/broker.ts';

/** What happens to a publish: `stored, unconfirmed` is a confirm that was lost on its way. */
type Mood = 'well' | 'unconfirmed' | 'stored, unconfirmed' | 'refused' | 'unroutable';

export interface FickleBroker extends Broker {
  /** What every publish that arrives shall come to; one queue may have a mood of its own. */
  mood: Mood;
  readonly moods: Map<string, Mood>;
  /** Everything that was handed to it, whatever came of it. */
  readonly seen: OutgoingMessage[];
  /** How long an unconfirmed publish takes to be told so. */
  confirmTimeoutMs: number;
  become(state: BrokerState): void;
}

/** A real broker with a state and outcomes that a test decides about. */
export function fickleBroker(broker: Broker): FickleBroker {
  const listeners = new Set<(state: BrokerState) => void>();
  const seen: OutgoingMessage[] = [];
  const moods = new Map<string, Mood>();
  let state: BrokerState = 'ready';
  const own: Partial<FickleBroker> & ThisType<FickleBroker> = {
    mood: 'well',
    moods,
    seen,
    confirmTimeoutMs: 20,
    become(next) {
      state = next;
      for (const listener of listeners) listener(next);
    },
    onStateChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async publish(message): Promise<PublishOutcome> {
      if (state !== 'ready') return { status: 'unreachable', reason: state };
      seen.push(message);
      switch (moods.get(message.routingKey) ?? this.mood) {
        case 'well':
          return broker.publish(message);
        case 'stored, unconfirmed':
          await broker.publish(message);
          return { status: 'unconfirmed', reason: 'the confirm was lost' };
        case 'unconfirmed':
          await sleep(this.confirmTimeoutMs);
          return { status: 'unconfirmed', reason: 'no confirm' };
        case 'refused':
          return { status: 'refused', reason: 'full' };
        case 'unroutable':
          return { status: 'unroutable' };
      }
    },
  };
  return new Proxy(broker, {
    get(target, name) {
      if (name === 'state') return state;
      if (name in own) return Reflect.get(own, name);
      const member = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
    set: (_, name, value) => Reflect.set(own, name, value),
  }) as FickleBroker;
}
