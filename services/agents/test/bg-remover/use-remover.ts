import { createTelemetry } from '@tracepost/telemetry';
import { afterAll } from 'vitest';
import {
  type BackgroundRemover,
  type BackgroundRemoverOptions,
  createBackgroundRemover,
  type RemovalOutcome,
  type Removed,
} from '../../src/bg-remover/index.ts';

/** A remover that is closed after the tests of the file. */
export function useRemover(options: Partial<BackgroundRemoverOptions> = {}): BackgroundRemover {
  const telemetry = createTelemetry({ serviceName: 'bg-remover-test' });
  const remover = createBackgroundRemover({ workers: 1, heapLimitMb: 256, telemetry, ...options });
  afterAll(() => remover.close());
  return remover;
}

/** The outcome as a success; says why when it is none. */
export function expectRemoved(outcome: RemovalOutcome): Removed {
  if (outcome.status !== 'removed') throw new Error(`expected a removal, got ${outcome.code}: ${outcome.message}`);
  return outcome;
}
