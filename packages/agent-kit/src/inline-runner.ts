import type { ArtifactStore } from '@tracepost/stores';
import type { Telemetry } from '@tracepost/telemetry';
import { runAttempt } from './attempt.ts';
import { createBreakers } from './breakers.ts';
import { createBusinessMetrics } from './business-metrics.ts';
import type { Agent } from './define-agent.ts';
import { createPayloadCheck } from './payload-check.ts';
import type { AgentRunner } from './runner.ts';

export interface InlineRunnerOptions {
  readonly artifacts: ArtifactStore;
  readonly telemetry: Telemetry;
  /** What a handler has to end after its task was cancelled; default 5 s. */
  readonly cancelGraceMs?: number;
}

/** Runs attempts in the caller's own thread: for tests, and inside a thread that serves one agent. */
export function createInlineRunner(agent: Agent, options: InlineRunnerOptions): AgentRunner {
  const checkPayload = createPayloadCheck(agent);
  const breakers = createBreakers(options.telemetry);
  const business = createBusinessMetrics(options.telemetry, agent.id);
  return {
    agent,
    run: ({ notification }, { signal, services }) =>
      runAttempt({ ...options, agent, notification, checkPayload, breakers, business, signal, services }),
    close() {
      breakers.close();
      return agent.close();
    },
  };
}
