import type { TaskContext, ToolContext } from '@tracepost/agent-kit';
import { createTelemetry } from '@tracepost/telemetry';
import { expect, it } from 'vitest';
import { createWeatherAgent } from './weather-agent.ts';
import type { WeatherProvider } from './weather-provider.ts';

const DAY = { date: '2026-11-21', temperatureMinC: 1, temperatureMaxC: 2, precipitationMm: 0, weatherCode: 0 };

it('finds a place by its name, then asks for its days, and says where they come from', async () => {
  const { ask, told } = weatherAgent();
  expect(await ask({ location: 'lisboa', days: 5 })).toEqual({
    location: { name: 'LISBOA', latitude: 1, longitude: 2 },
    provider: 'simulated',
    days: [DAY],
  });
  expect(told.places).toEqual(['lisboa']);
  expect(told.forecasts).toEqual([{ place: { name: 'LISBOA', latitude: 1, longitude: 2 }, days: 5 }]);
  expect(told.tools).toEqual(['find_place', 'get_forecast']);
});

it('takes coordinates as they are, without asking where they lie', async () => {
  const { ask, told } = weatherAgent();
  await ask({ latitude: 0, longitude: -9.5, days: 1 });
  expect(told.places).toEqual([]);
  expect(told.forecasts).toEqual([{ place: { name: '0,-9.5', latitude: 0, longitude: -9.5 }, days: 1 }]);
  expect(told.tools).toEqual(['get_forecast']);
});

it('gives three days when nobody says how many', async () => {
  const { ask, told } = weatherAgent();
  await ask({ location: 'Lisbon' });
  await ask({ latitude: 1, longitude: 2 });
  expect(told.forecasts.map(({ days }) => days)).toEqual([3, 3]);
});

it('counts 200 locations by name and all later ones together, and goes on counting the first', async () => {
  const { ask, told } = weatherAgent();
  for (let number = 1; number <= 202; number++) await ask({ location: `place ${number}` });
  await ask({ location: 'place 1' });
  const { counted } = told;
  expect(new Set(counted.slice(0, 200)).size).toBe(200);
  expect(counted.slice(198)).toEqual(['PLACE 199', 'PLACE 200', '_OTHER', '_OTHER', 'PLACE 1']);
});

it('counts nothing when there was no forecast', async () => {
  const { ask, told } = weatherAgent({ forecast: () => Promise.reject(new Error('no forecast')) });
  await expect(ask({ location: 'Lisbon' })).rejects.toThrow('no forecast');
  expect(told.counted).toEqual([]);
});

it('tells who waits within a few seconds that there is no forecast', () => {
  const retry = weatherAgent().agent.notifications['weather.forecast']?.retry;
  expect(retry).toEqual({ maxAttempts: 3, initialDelayMs: 1_000, factor: 2, maxDelayMs: 2_000 });
});

/** The agent with a provider that writes down what it is asked; every name becomes the provider's own. */
function weatherAgent(instead: Partial<WeatherProvider> = {}) {
  const told = {
    places: [] as string[],
    forecasts: [] as { place: unknown; days: number }[],
    tools: [] as string[],
    counted: [] as unknown[],
  };
  const agent = createWeatherAgent({
    name: 'simulated',
    async findPlace(location) {
      told.places.push(location);
      return { name: location.toUpperCase(), latitude: 1, longitude: 2 };
    },
    async forecast(place, days) {
      told.forecasts.push({ place, days });
      return [DAY];
    },
    ...instead,
  });
  const { logger, metrics } = createTelemetry({ serviceName: 'weather-test' });
  const toolContext: ToolContext = {
    signal: new AbortController().signal,
    logger,
    metrics,
    count: () => {},
    measure: () => {},
    setLevel: () => {},
    fetch: () => Promise.reject(new Error('the agent asked the network itself')),
  };
  const context: Pick<TaskContext, 'useTool' | 'metrics'> = {
    useTool: (tool, input) => {
      told.tools.push(tool.name);
      return tool.run(input, toolContext);
    },
    metrics: {
      ...metrics,
      add: (_name, _value, attributes) => void told.counted.push(Object.values(attributes ?? {})[0]),
    },
  };
  const handler = agent.notifications['weather.forecast'];
  const ask = async (payload: unknown) => handler?.handle(context as TaskContext, payload);
  return { agent, ask, told };
}
