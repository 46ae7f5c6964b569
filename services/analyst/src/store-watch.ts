import type { SignalName, SinkAnswer } from '@tracepost/contracts';
import type { Logger } from '@tracepost/telemetry';

/** The signals whose store did not take its last batch, with the reason; after five seconds without another try nobody knows any more. */
export interface StoreState {
  failing(): ReadonlyMap<SignalName, string>;
}

/** Whoever was told `later` tries again long before: if nobody has, there is nothing to try with. */
const FORGOTTEN_MS = 5_000;

/** One line when a store stops taking and one when it begins again, however many batches come in between. */
export function createStoreWatch(logger: Logger): {
  readonly state: StoreState;
  note(signal: SignalName, answer: SinkAnswer): void;
} {
  const failing = new Map<SignalName, { readonly reason: string; readonly at: number }>();
  return {
    state: {
      failing: () => {
        const now = performance.now();
        const fresh = [...failing].filter(([, { at }]) => now - at < FORGOTTEN_MS);
        return new Map(fresh.map(([signal, { reason }]) => [signal, reason]));
      },
    },
    note(signal, answer) {
      if (answer.status === 'later') {
        if (!failing.has(signal))
          logger.warn(
            { layer: 'ingest', action: `service:store:write_${signal}`, result: 'error', reason: answer.reason },
            `the store of ${signal} does not take anything; they wait with whoever sends them`,
          );
        failing.set(signal, { reason: answer.reason, at: performance.now() });
      } else if (failing.delete(signal)) {
        logger.info(
          { layer: 'ingest', action: `service:store:write_${signal}`, result: 'success' },
          `the store of ${signal} takes again`,
        );
      }
    },
  };
}
