import { type ToolContext, ToolError, type TracedRequest } from '@tracepost/agent-kit';
import { createTelemetry } from '@tracepost/telemetry';
import { describe, expect, it } from 'vitest';
import { createOpenMeteo } from './open-meteo.ts';

const LISBON = { name: 'Lisbon', latitude: 38.71667, longitude: -9.13333 };
const DAILY = {
  time: ['2026-11-21', '2026-11-22'],
  temperature_2m_min: [11.2, 10],
  temperature_2m_max: [17.5, 16.1],
  precipitation_sum: [0, 4.4],
  weather_code: [3, 61],
};
const WITHOUT_PLACE = 'open-meteo answered geocode without name, latitude and longitude';
const { logger, metrics } = createTelemetry({ serviceName: 'weather-test' });

describe('finding a place', () => {
  it('asks for the best match of the name, whatever stands in it', async () => {
    const { context, asked } = answering({ results: [LISBON, { name: 'Lisbon, Ohio' }] });
    expect(await openMeteo().findPlace('São João & Co/?#', context)).toEqual(LISBON);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ service: 'open-meteo', operation: 'geocode', timeoutMs: 1_500 });
    expect(asked[0]?.signal).toBe(context.signal);
    expect(asked[0]?.url.href).toMatch(/^http:\/\/geocoding\.test\/v1\/search\?/);
    expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toEqual({
      name: 'São João & Co/?#',
      count: '1',
      format: 'json',
    });
  });

  it.each([
    ['no results', { results: [] }, 'open-meteo knows no place called "Nowhere"'],
    ['no member "results"', { generationtime_ms: 1 }, 'open-meteo knows no place called "Nowhere"'],
    ['results that are no list', { results: 'Lisbon' }, 'open-meteo knows no place called "Nowhere"'],
    ['a place without a name', { results: [{ ...LISBON, name: 7 }] }, WITHOUT_PLACE],
    ['a latitude in words', { results: [{ ...LISBON, latitude: '38.7' }] }, WITHOUT_PLACE],
    ['no longitude', { results: [{ name: 'Lisbon', latitude: 38.7 }] }, WITHOUT_PLACE],
    ['a place that is null', { results: [null] }, WITHOUT_PLACE],
    ['a place that is a word', { results: ['Lisbon'] }, WITHOUT_PLACE],
  ])('refuses %s', async (_, body, reason) => {
    const fault = await faultOf(openMeteo().findPlace('Nowhere', answering(body).context));
    expect(fault).toBe(reason);
  });
});

describe('the forecast', () => {
  it('asks for the days and columns that it needs, at the place', async () => {
    const { context, asked } = answering({ daily: DAILY });
    expect(await openMeteo().forecast(LISBON, 2, context)).toEqual([
      { date: '2026-11-21', temperatureMinC: 11.2, temperatureMaxC: 17.5, precipitationMm: 0, weatherCode: 3 },
      { date: '2026-11-22', temperatureMinC: 10, temperatureMaxC: 16.1, precipitationMm: 4.4, weatherCode: 61 },
    ]);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ service: 'open-meteo', operation: 'forecast', timeoutMs: 1_500 });
    expect(asked[0]?.url.href).toMatch(/^http:\/\/weather\.test\/base\/v1\/forecast\?/);
    expect(Object.fromEntries(asked[0]?.url.searchParams ?? [])).toEqual({
      latitude: '38.71667',
      longitude: '-9.13333',
      daily: 'temperature_2m_min,temperature_2m_max,precipitation_sum,weather_code',
      forecast_days: '2',
      timezone: 'auto',
    });
  });

  it('leaves out days that nobody asked for', async () => {
    expect(await openMeteo().forecast(LISBON, 1, answering({ daily: DAILY }).context)).toHaveLength(1);
  });

  it.each([
    ['no daily values', {}, 'without 2 values of daily.time'],
    ['daily values that are null', { daily: null }, 'without 2 values of daily.time'],
    [
      'a column that is missing',
      { daily: { ...DAILY, weather_code: undefined } },
      'without 2 values of daily.weather_code',
    ],
    [
      'a column that is too short',
      { daily: { ...DAILY, precipitation_sum: [0] } },
      'without 2 values of daily.precipitation_sum',
    ],
    [
      'a column that is no list',
      { daily: { ...DAILY, temperature_2m_min: 4 } },
      'without 2 values of daily.temperature_2m_min',
    ],
    [
      'a gap',
      { daily: { ...DAILY, temperature_2m_max: [17, null] } },
      'with daily.temperature_2m_max[1] that is no number',
    ],
    [
      'a number in words',
      { daily: { ...DAILY, weather_code: ['3', 61] } },
      'with daily.weather_code[0] that is no number',
    ],
    [
      'a day that is no date',
      { daily: { ...DAILY, time: ['2026-11-21', 'tomorrow'] } },
      'with daily.time[1] that is no date',
    ],
    [
      'a day in seconds',
      { daily: { ...DAILY, time: [1_795_219_200, 1_795_305_600] } },
      'with daily.time[0] that is no date',
    ],
  ])('refuses %s', async (_, body, reason) => {
    const fault = await faultOf(openMeteo().forecast(LISBON, 2, answering(body).context));
    expect(fault).toBe(`open-meteo answered forecast ${reason}`);
  });
});

describe('an answer that is none', () => {
  it.each([404, 429, 500, 204])('of status %i is told with its status', async (status) => {
    const fault = await faultOf(openMeteo().forecast(LISBON, 2, answering({ daily: DAILY }, status).context));
    expect(fault).toBe(`open-meteo answered ${status} to forecast`);
  });

  it.each([
    [429, true],
    [503, true],
    [404, false],
    [204, false],
  ])('of status %i may be asked for again: %s', async (status, isRetryable) => {
    const asked = openMeteo().forecast(LISBON, 2, answering({ daily: DAILY }, status).context);
    await expect(asked).rejects.toMatchObject({ isRetryable });
  });

  it('that makes no sense is not asked for again', async () => {
    const asked = openMeteo().forecast(LISBON, 2, answering({}).context);
    await expect(asked).rejects.toMatchObject({ isRetryable: false });
  });

  it.each(['', '<html>busy</html>', '{"daily":', '[]', 'null', '"fine"'])(
    'with the body %j is no JSON object',
    async (body) => {
      const fault = await faultOf(openMeteo().findPlace('Lisbon', answering(Buffer.from(body)).context));
      expect(fault).toBe('open-meteo answered geocode with something that is not a JSON object');
    },
  );

  it('because nobody answers keeps the reason of the fetch', async () => {
    const away = new ToolError('open-meteo at http://weather.test cannot be reached: ECONNREFUSED');
    const context = contextWith(() => Promise.reject(away));
    await expect(openMeteo().forecast(LISBON, 2, context)).rejects.toBe(away);
  });
});

function openMeteo() {
  return createOpenMeteo({
    weatherUrl: 'http://weather.test/base',
    geocodingUrl: 'http://geocoding.test',
    timeoutMs: 1_500,
  });
}

function answering(body: unknown, status = 200): { context: ToolContext; asked: TracedRequest[] } {
  const asked: TracedRequest[] = [];
  const context = contextWith(async (request) => {
    asked.push(request);
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    return { status, contentType: 'application/json', body: bytes, retryAfterMs: null };
  });
  return { context, asked };
}

function contextWith(fetch: ToolContext['fetch']): ToolContext {
  return {
    signal: new AbortController().signal,
    logger,
    metrics,
    count: () => {},
    measure: () => {},
    setLevel: () => {},
    fetch,
  };
}

/** The reason, of a failure that a task may show. */
async function faultOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ToolError);
  return (error as ToolError).message;
}
