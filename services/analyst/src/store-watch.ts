import type { SignalName, SinkAnswer } from '@tracepost/contracts';
import type { Logger } from '@tracepost/telemetry';

/** The signals whose store did not take its last batch, with the reason. */
export interface StoreState {
  failing(): ReadonlyMap<SignalName, string>;
}

/** One line when a store stops taking and one when it begins again, however many batches come in between. */
export function createStoreWatch(logger: Logger): {
  readonly state: StoreState;
  note(signal: SignalName, answer: SinkAnswer): void;
} {
  const failing = new Map<SignalName, string>();
  return {
    state: { failing: () => failing },
    note(signal, answer) {
      if (answer.status === 'later') {
        if (!failing.has(signal))
          logger.warn(
            { layer: 'ingest', action: `service:store:write_${signal}`, result: 'error', reason: answer.reason },
            `the store of ${signal} does not take anything; they wait with whoever sends them`,
          );
        failing.set(signal, answer.reason);
      } else if (failing.delete(signal)) {
        logger.info(
          { layer: 'ingest', action: `service:store:write_${signal}`, result: 'success' },
          `the store of ${signal} takes again`,
        );
      }
    },
  };
}
