import type { ToolContext } from '@tracepost/agent-kit';
import { createTelemetry } from '@tracepost/telemetry';
import { expect, it } from 'vitest';
import { createSimulatedWeather } from './simulated.ts';

const NOON = Date.UTC(2026, 10, 21, 12);
const { logger, metrics } = createTelemetry({ serviceName: 'weather-test' });
const context: ToolContext = {
  signal: new AbortController().signal,
  logger,
  metrics,
  count: () => {},
  measure: () => {},
  setLevel: () => {},
  fetch: () => Promise.reject(new Error('simulated weather asked the network')),
};

it('says that it is simulated', () => {
  expect(createSimulatedWeather().name).toBe('simulated');
});

it('gives the same numbers for the same place and day, whoever asks and at whatever hour', async () => {
  const [morning, evening] = [createSimulatedWeather(() => NOON - 3_600_000), createSimulatedWeather(() => NOON)];
  const lisbon = await morning.findPlace('Lisbon', context);
  expect(await evening.findPlace('Lisbon', context)).toEqual(lisbon);
  expect(await evening.forecast(lisbon, 3, context)).toEqual(await morning.forecast(lisbon, 3, context));
});

it('gives tomorrow the numbers that it had when tomorrow was the day after', async () => {
  const today = await createSimulatedWeather(() => NOON).forecast(await place('Lisbon'), 2, context);
  const tomorrow = await createSimulatedWeather(() => NOON + 86_400_000).forecast(await place('Lisbon'), 1, context);
  expect(tomorrow[0]).toEqual(today[1]);
});

it('gives other places and other days other numbers', async () => {
  const weather = createSimulatedWeather(() => NOON);
  const lisbon = await weather.forecast(await place('Lisbon'), 2, context);
  const oslo = await weather.forecast(await place('Oslo'), 1, context);
  expect(oslo[0]?.temperatureMaxC).not.toBe(lisbon[0]?.temperatureMaxC);
  expect(lisbon[1]?.temperatureMaxC).not.toBe(lisbon[0]?.temperatureMaxC);
});

it('gives as many days as were asked for, beginning today, with a colder and a warmer end', async () => {
  const days = await createSimulatedWeather(() => NOON).forecast(await place('Oslo'), 16, context);
  expect(days.map(({ date }) => date).slice(0, 3)).toEqual(['2026-11-21', '2026-11-22', '2026-11-23']);
  expect(days).toHaveLength(16);
  for (const day of days) {
    expect(day.temperatureMinC).toBeLessThan(day.temperatureMaxC);
    expect(day.precipitationMm > 0).toBe(day.weatherCode === 61);
  }
});

function place(name: string) {
  return createSimulatedWeather().findPlace(name, context);
}
