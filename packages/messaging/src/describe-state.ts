import type { Broker } from './broker.ts';

/** The state of a broker in one line, for whoever asks for the health of a process: `unreachable: it refuses the login …`. */
export function describeState({ state, stateReason }: Pick<Broker, 'state' | 'stateReason'>): string {
  return stateReason === null ? state : `${state}: ${stateReason}`;
}
