import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskContext } from '@tracepost/agent-kit';
import { openFileArtifactStore } from '@tracepost/store-files';
import type { ArtifactStore } from '@tracepost/stores';
import { createTelemetry } from '@tracepost/telemetry';
import { afterAll, beforeAll } from 'vitest';
import { createBgRemoverAgent } from '../../src/bg-remover/bg-remover-agent.ts';
import type { BackgroundRemover } from '../../src/bg-remover/index.ts';

export interface Asked {
  readonly payload: unknown;
  readonly signal?: AbortSignal;
  readonly artifacts?: ArtifactStore;
}

export interface AgentUnderTest {
  /** What the handler returns or throws, run with a context of its own. */
  ask(asked: Asked): Promise<unknown>;
  readonly artifacts: () => ArtifactStore;
  /** Every cost that a task told, in order. */
  readonly costs: number[];
}

/** bg-remover's handler with real artifacts in a folder of its own, removed after the tests of the file. */
export function useAgent(remover: BackgroundRemover, capacity: number): AgentUnderTest {
  const telemetry = createTelemetry({ serviceName: 'bg-remover-test' });
  const { logger, metrics } = telemetry;
  const agent = createBgRemoverAgent({ remover, capacity });
  const costs: number[] = [];
  let folder: string;
  let store: ArtifactStore;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tracepost-bg-remover-'));
    store = await openFileArtifactStore({ folder, telemetry });
  });
  afterAll(async () => {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  return {
    costs,
    artifacts: () => store,
    async ask({ payload, signal = new AbortController().signal, artifacts = store }) {
      const fetch = () => Promise.reject(new Error('bg-remover asked the network'));
      const context: Pick<TaskContext, 'useTool' | 'artifacts' | 'metrics' | 'addCost' | 'signal'> = {
        signal,
        metrics,
        artifacts,
        addCost: (usd) => void costs.push(usd),
        useTool: (tool, input) =>
          tool.run(input, { signal, logger, metrics, count: () => {}, measure: () => {}, setLevel: () => {}, fetch }),
      };
      return agent.notifications['image.remove-background']?.handle(context as TaskContext, payload);
    },
  };
}
