import { availableParallelism } from 'node:os';
import type { Agent } from '@tracepost/agent-kit';
import type { Telemetry } from '@tracepost/telemetry';
import { createBackgroundRemover } from './bg-remover/background-remover.ts';
import { createBgRemoverAgent } from './bg-remover/bg-remover-agent.ts';
import type { AgentSettings } from './config.ts';
import { AgentFileError, loadAgentFiles } from './load-agent-files.ts';
import { createOpenMeteo } from './weather/open-meteo.ts';
import { createSimulatedWeather } from './weather/simulated.ts';
import { createWeatherAgent } from './weather/weather-agent.ts';

/** The agents that the settings name, with what each needs; nothing heavy is loaded before its first task. */
export async function createAgents(settings: AgentSettings, telemetry: Telemetry): Promise<Agent[]> {
  const makers: Readonly<Record<AgentName, () => Agent>> = {
    weather: () => createWeatherAgent(createProvider(settings)),
    'bg-remover': () => {
      const workers = settings.imageWorkers === 0 ? availableParallelism() : settings.imageWorkers;
      const remover = createBackgroundRemover({ workers, heapLimitMb: settings.imageHeapMb, telemetry });
      return createBgRemoverAgent({ remover, capacity: workers });
    },
  };
  const agents = [...settings.agents.map((name) => makers[name]()), ...(await loadAgentFiles(settings.agentFiles))];
  const twice = agents.find((agent, at) => agents.findIndex((other) => other.id === agent.id) !== at);
  if (twice) throw new AgentFileError(`two agents have the id "${twice.id}"; every id stands for one`);
  return agents;
}

export type AgentName = 'weather' | 'bg-remover';

function createProvider(settings: AgentSettings) {
  if (settings.weatherProvider === 'simulated') return createSimulatedWeather();
  return createOpenMeteo({
    weatherUrl: settings.weatherUrl,
    geocodingUrl: settings.geocodingUrl,
    timeoutMs: settings.weatherTimeoutMs,
  });
}
