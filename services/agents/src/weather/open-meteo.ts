import { refuseAnswer, type ToolContext, ToolError } from '@tracepost/agent-kit';
import type { ForecastDay, WeatherProvider } from './weather-provider.ts';

export interface OpenMeteoOptions {
  /** Base of an Open-Meteo-compatible forecast API, such as `https://api.open-meteo.com`. */
  readonly weatherUrl: string;
  /** Base of its geocoding API, such as `https://geocoding-api.open-meteo.com`. */
  readonly geocodingUrl: string;
  readonly timeoutMs: number;
}

/** https://open-meteo.com/en/docs and https://open-meteo.com/en/docs/geocoding-api */
export function createOpenMeteo({ weatherUrl, geocodingUrl, timeoutMs }: OpenMeteoOptions): WeatherProvider {
  const ask = async (operation: string, url: URL, { fetch, signal }: ToolContext): Promise<Record<string, unknown>> => {
    const answer = await fetch({ service: 'open-meteo', operation, url, signal, timeoutMs });
    if (answer.status !== 200) throw refuseAnswer(answer, `open-meteo answered ${answer.status} to ${operation}`);
    const body = parseObject(answer.body);
    if (!body) throw new ToolError(`open-meteo answered ${operation} with something that is not a JSON object`);
    return body;
  };

  return {
    name: 'open-meteo',
    async findPlace(location, context) {
      const url = new URL(`${geocodingUrl}/v1/search`);
      url.search = new URLSearchParams({ name: location, count: '1', format: 'json' }).toString();
      const { results } = await ask('geocode', url, context);
      const [place] = Array.isArray(results) ? (results as unknown[]) : [];
      if (place === undefined) throw new ToolError(`open-meteo knows no place called "${location}"`);
      const { name, latitude, longitude } = (place ?? {}) as Record<string, unknown>;
      if (typeof name !== 'string' || !isNumber(latitude) || !isNumber(longitude)) {
        throw new ToolError('open-meteo answered geocode without name, latitude and longitude');
      }
      return { name, latitude, longitude };
    },
    async forecast({ latitude, longitude }, days, context) {
      const url = new URL(`${weatherUrl}/v1/forecast`);
      url.search = new URLSearchParams({
        latitude: String(latitude),
        longitude: String(longitude),
        daily: 'temperature_2m_min,temperature_2m_max,precipitation_sum,weather_code',
        forecast_days: String(days),
        timezone: 'auto',
      }).toString();
      const { daily } = await ask('forecast', url, context);
      return readDays(daily, days);
    },
  };
}

function readDays(daily: unknown, days: number): ForecastDay[] {
  const columns = (typeof daily === 'object' && daily !== null ? daily : {}) as Record<string, unknown>;
  const column = (name: string): readonly unknown[] => {
    const values = columns[name];
    if (!Array.isArray(values) || values.length < days) {
      throw new ToolError(`open-meteo answered forecast without ${days} values of daily.${name}`);
    }
    return values;
  };
  const dates = column('time');
  const number = (name: string) => {
    const values = column(name);
    return (day: number): number => {
      const value = values[day];
      if (!isNumber(value))
        throw new ToolError(`open-meteo answered forecast with daily.${name}[${day}] that is no number`);
      return value;
    };
  };
  const min = number('temperature_2m_min');
  const max = number('temperature_2m_max');
  const precipitation = number('precipitation_sum');
  const code = number('weather_code');
  return Array.from({ length: days }, (_, day) => {
    const date = dates[day];
    if (typeof date !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(date)) {
      throw new ToolError(`open-meteo answered forecast with daily.time[${day}] that is no date`);
    }
    return {
      date,
      temperatureMinC: min(day),
      temperatureMaxC: max(day),
      precipitationMm: precipitation(day),
      weatherCode: code(day),
    };
  });
}

function parseObject(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
