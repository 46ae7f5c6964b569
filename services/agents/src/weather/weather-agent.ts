import { type Agent, defineAgent, defineTool, onNotification, type ToolContext } from '@tracepost/agent-kit';
import Type, { type Static } from 'typebox';
import type { Place, WeatherProvider } from './weather-provider.ts';

const Days = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 16, description: 'Today and the days after; 3 when not given' }),
);
const Latitude = Type.Number({ minimum: -90, maximum: 90 });
const Longitude = Type.Number({ minimum: -180, maximum: 180 });

const ForecastRequest = Type.Union([
  Type.Object({ location: Type.String({ minLength: 1, maxLength: 200 }), days: Days }, { additionalProperties: false }),
  Type.Object({ latitude: Latitude, longitude: Longitude, days: Days }, { additionalProperties: false }),
]);
type ForecastRequest = Static<typeof ForecastRequest>;

/** Forecasts from an Open-Meteo-compatible service; every failure of it is a tool error with its reason. */
export function createWeatherAgent(provider: WeatherProvider): Agent {
  const nameOfSeries = createLocationNames(200);

  const findPlace = defineTool({
    name: 'find_place',
    description: 'Coordinates of a place by its name',
    run: (location: string, context: ToolContext) => provider.findPlace(location, context),
  });
  const getForecast = defineTool({
    name: 'get_forecast',
    description: 'Daily forecast for coordinates',
    run: ({ place, days }: { place: Place; days: number }, context: ToolContext) =>
      provider.forecast(place, days, context),
  });

  return defineAgent({
    id: 'weather',
    description: 'Daily weather forecast for a place',
    notifications: {
      'weather.forecast': onNotification({
        description: 'Forecast by name of a place, or by coordinates',
        schema: ForecastRequest,
        // Whoever asks for the weather waits for it: after three attempts, some three seconds apart in all, they are told.
        retry: { maxAttempts: 3, initialDelayMs: 1_000, maxDelayMs: 2_000 },
        async handle({ useTool, metrics }, request: ForecastRequest) {
          const place =
            'location' in request
              ? await useTool(findPlace, request.location)
              : {
                  name: `${request.latitude},${request.longitude}`,
                  latitude: request.latitude,
                  longitude: request.longitude,
                };
          const days = await useTool(getForecast, { place, days: request.days ?? 3 });
          metrics.add('weather.requests', 1, { 'weather.location': nameOfSeries(place.name) });
          return { location: place, provider: provider.name, days };
        },
      }),
    },
  });
}

/** The first `limit` names keep their own series, all others share one: places are without number. */
function createLocationNames(limit: number): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.size < limit) known.add(name);
    return known.has(name) ? name : '_OTHER';
  };
}
