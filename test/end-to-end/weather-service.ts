// An Open-Meteo-compatible service for tests, which may not reach the real one: what it does is decided by the name of
// the place that is asked for. It runs in the test's process, or by itself in a container of the stack.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const PLACES: Readonly<Record<string, { name: string; latitude: number; longitude: number }>> = {
  Lisbon: { name: 'Lisbon', latitude: 38.71667, longitude: -9.13333 },
  // Known, but without a forecast that makes sense: latitude says which fault.
  Brokenville: { name: 'Brokenville', latitude: 1, longitude: 0 },
  Errorton: { name: 'Errorton', latitude: 2, longitude: 0 },
  Slowtown: { name: 'Slowtown', latitude: 3, longitude: 0 },
  Resetham: { name: 'Resetham', latitude: 4, longitude: 0 },
  Nullbury: { name: 'Nullbury', latitude: 5, longitude: 0 },
};

export const LISBON_DAYS = [
  { date: '2026-11-21', temperatureMinC: 9.5, temperatureMaxC: 17.25, precipitationMm: 0, weatherCode: 1 },
  { date: '2026-11-22', temperatureMinC: 10, temperatureMaxC: 16, precipitationMm: 4.5, weatherCode: 61 },
];

export interface WeatherService {
  readonly port: number;
  close(): Promise<void>;
}

export function startWeatherService({ host, port }: { host: string; port: number }): Promise<WeatherService> {
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://weather');
    const json = (body: unknown) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (url.pathname === '/v1/search') {
      const place = PLACES[url.searchParams.get('name') ?? ''];
      return json(place ? { results: [place] } : { generationtime_ms: 0.2 });
    }
    if (url.pathname !== '/v1/forecast') return response.writeHead(404).end();
    const latitude = Number(url.searchParams.get('latitude'));
    if (latitude === 1) return response.end('<html>not a forecast</html>');
    if (latitude === 2) return response.writeHead(502).end('bad gateway');
    if (latitude === 3) return undefined; // never answers
    if (latitude === 4) return request.socket.destroy();
    const days = LISBON_DAYS.slice(0, Number(url.searchParams.get('forecast_days')));
    return json({
      daily: {
        time: days.map((day) => day.date),
        temperature_2m_min: days.map((day) => (latitude === 5 ? null : day.temperatureMinC)),
        temperature_2m_max: days.map((day) => day.temperatureMaxC),
        precipitation_sum: days.map((day) => day.precipitationMm),
        weather_code: days.map((day) => day.weatherCode),
      },
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () =>
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((done) => {
            server.closeAllConnections();
            server.close(() => done());
          }),
      }),
    );
  });
}

if (process.argv[1] === new URL(import.meta.url).pathname) await startWeatherService({ host: '0.0.0.0', port: 8080 });
