import { availableParallelism } from 'node:os';
import type { Agent } from '@tracepost/agent-kit';
import type { Telemetry } from '@tracepost/telemetry';
import { createBackgroundRemover } from './bg-remover/background-remover.ts';
import { createBgRemoverAgent } from './bg-remover/bg-remover-agent.ts';
import type { AgentSettings } from './config.ts';
import { createOpenMeteo } from './weather/open-meteo.ts';
import { createSimulatedWeather } from './weather/simulated.ts';
import { createWeatherAgent } from './weather/weather-agent.ts';

/** The agents that the settings name, with what each needs; nothing heavy is loaded before its first task. */
export function createAgents(settings: AgentSettings, telemetry: Telemetry): Agent[] {
  const makers: Readonly<Record<AgentName, () => Agent>> = {
    weather: () => createWeatherAgent(createProvider(settings)),
    'bg-remover': () => {
      const workers = settings.imageWorkers === 0 ? availableParallelism() : settings.imageWorkers;
      const remover = createBackgroundRemover({ workers, heapLimitMb: settings.imageHeapMb, telemetry });
      return createBgRemoverAgent({ remover, capacity: workers });
    },
  };
  return settings.agents.map((name) => makers[name]());
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
