import { createHash } from 'node:crypto';
import type { Place, WeatherProvider } from './weather-provider.ts';

/**
 * Weather for trying things out without a network. Nothing in it is true, and the result says so (`provider:
 * "simulated"`); the same place and day always give the same numbers.
 */
export function createSimulatedWeather(now: () => number = Date.now): WeatherProvider {
  return {
    name: 'simulated',
    async findPlace(location) {
      return {
        name: location,
        latitude: round(chance(location, 'lat') * 120 - 60),
        longitude: round(chance(location, 'lon') * 360 - 180),
      };
    },
    async forecast(place, days) {
      return Array.from({ length: days }, (_, day) => simulateDay(place, new Date(now() + day * 86_400_000)));
    },
  };
}

function simulateDay({ latitude, longitude }: Place, at: Date) {
  const date = at.toISOString().slice(0, 10);
  const seed = `${latitude},${longitude},${date}`;
  const mean = 28 - Math.abs(latitude) * 0.5 + (chance(seed, 'mean') - 0.5) * 10;
  const spread = 3 + chance(seed, 'spread') * 8;
  const isRainy = chance(seed, 'rain') > 0.6;
  return {
    date,
    temperatureMinC: round(mean - spread / 2),
    temperatureMaxC: round(mean + spread / 2),
    precipitationMm: isRainy ? round(chance(seed, 'amount') * 20) : 0,
    weatherCode: isRainy ? 61 : Math.floor(chance(seed, 'code') * 4),
  };
}

/** A number from 0 up to 1 that depends on nothing but its words. */
function chance(seed: string, word: string): number {
  return createHash('sha256').update(`${seed}\n${word}`).digest().readUInt32BE() / 2 ** 32;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
