import type { ToolContext } from '@tracepost/agent-kit';

export interface Place {
  readonly name: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** Temperatures in degrees Celsius, precipitation in millimetres, `weatherCode` of WMO table 4677. */
export interface ForecastDay {
  readonly date: string;
  readonly temperatureMinC: number;
  readonly temperatureMaxC: number;
  readonly precipitationMm: number;
  readonly weatherCode: number;
}

/**
 * Where weather comes from. Failures are `ToolError`s with a reason, retryable when they pass by themselves (no answer, too many
 * requests); weather is never made up unless it says so.
 */
export interface WeatherProvider {
  readonly name: 'open-meteo' | 'simulated';
  findPlace(location: string, context: ToolContext): Promise<Place>;
  forecast(place: Place, days: number, context: ToolContext): Promise<readonly ForecastDay[]>;
}
