import type { OpenAgents } from '@tracepost/agent-kit';
import { openFileArtifactStore } from '@tracepost/store-files';
import type { AgentSettings } from '../config.ts';
import { createAgents } from '../create-agents.ts';

export interface OpenAgentsData {
  readonly settings: AgentSettings;
  readonly artifactsFolder: string;
}

/** What each thread of an agent begins with, as a process does with its own main.ts; named in `start-agent-runners.ts`. */
export const openAgents: OpenAgents<OpenAgentsData> = async ({ settings, artifactsFolder }, telemetry) => ({
  agents: await createAgents(settings, telemetry),
  artifacts: await openFileArtifactStore({ folder: artifactsFolder, telemetry }),
});
