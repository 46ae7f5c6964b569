import { attributes, type Json, nanos, type OtlpRequest, resource, type Value } from './otlp.ts';

const DELTA = 1;
const CUMULATIVE = 2;
const MINUTE = 60_000;
const BOUNDS = [0.1, 0.5, 1, 5];

/** Of these metrics alone both ways know the same: each also keeps its own. */
export const METRICS = {
  counter: 'shop.orders',
  upDown: 'shop.carts',
  gauge: 'shop.stock',
  delta: 'shop.visits',
  histogram: 'shop.order.duration',
  deltaHistogram: 'shop.page.size',
} as const;

/**
 * Six kinds over ten minutes: two routes, two instances, one of which begins in the middle and one of which begins anew; a point that
 * comes late, one that comes twice, and a gauge that is no number.
 */
export function recordedMetrics(atMs: number): OtlpRequest[] {
  const minute = (n: number): string => nanos(atMs + n * MINUTE);
  const sum = (minutes: number, startMinute: number, value: number, values: Readonly<Record<string, Value>>): Json => ({
    startTimeUnixNano: minute(startMinute),
    timeUnixNano: minute(minutes),
    asDouble: value,
    attributes: attributes(values),
  });
  const histogram = (minutes: number, startMinute: number, counts: readonly number[], route: string): Json => ({
    startTimeUnixNano: minute(startMinute),
    timeUnixNano: minute(minutes),
    count: String(counts.reduce((all, count) => all + count, 0)),
    sum: counts.reduce((all, count, at) => all + count * (BOUNDS[at] ?? 8), 0),
    min: 0.05,
    max: 8,
    bucketCounts: counts.map(String),
    explicitBounds: BOUNDS,
    attributes: attributes({ 'http.route': route }),
  });
  const requests: OtlpRequest[] = [];
  for (let at = 1; at <= 10; at++) {
    // The first instance starts again after minute 5; the second begins at minute 4.
    const [start, since] = at <= 5 ? [0, at] : [5.5, at - 5];
    requests.push(
      metrics('orders-1', [
        {
          name: METRICS.counter,
          unit: '{order}',
          description: 'Orders placed',
          sum: {
            aggregationTemporality: CUMULATIVE,
            isMonotonic: true,
            dataPoints: [
              sum(at, start, since * 6, { 'http.route': '/orders' }),
              sum(at, start, since * since, { 'http.route': '/carts/{id}' }),
            ],
          },
        },
        {
          name: METRICS.histogram,
          unit: 's',
          description: 'How long an order takes',
          histogram: {
            aggregationTemporality: CUMULATIVE,
            dataPoints: [
              histogram(at, start, [since, since * 2, since * 3, since, 0], '/orders'),
              histogram(at, start, [since * 5, 0, 0, since, since], '/carts/{id}'),
            ],
          },
        },
        {
          name: METRICS.gauge,
          unit: '{item}',
          description: 'Items in stock',
          gauge: {
            dataPoints: [
              { timeUnixNano: minute(at), asInt: String(100 - at * 3), attributes: attributes({ shelf: 'a' }) },
              {
                timeUnixNano: minute(at),
                asDouble: at % 2 === 0 ? 0.5 : -2.25,
                attributes: attributes({ shelf: 'b' }),
              },
            ],
          },
        },
        {
          name: METRICS.upDown,
          unit: '{cart}',
          description: 'Open carts',
          sum: {
            aggregationTemporality: CUMULATIVE,
            isMonotonic: false,
            // A name that InfluxQL takes for the time of the point.
            dataPoints: [sum(at, start, (at % 3) - 1, { Time: 'noon' })],
          },
        },
        {
          name: METRICS.delta,
          unit: '{visit}',
          description: 'Visits of a minute',
          sum: {
            aggregationTemporality: DELTA,
            isMonotonic: true,
            dataPoints: [sum(at, at - 1, at * 2, { page: 'home' })],
          },
        },
        {
          name: METRICS.deltaHistogram,
          unit: 'By',
          description: 'Sizes of pages of a minute',
          histogram: {
            aggregationTemporality: DELTA,
            dataPoints: [histogram(at, at - 1, [1, 0, at, 0, 1], '/orders')],
          },
        },
      ]),
    );
    if (at >= 4)
      requests.push(
        metrics('orders-2', [
          {
            name: METRICS.counter,
            unit: '{order}',
            description: 'Orders placed',
            sum: {
              aggregationTemporality: CUMULATIVE,
              isMonotonic: true,
              dataPoints: [sum(at, 3.5, (at - 3) * 10, { 'http.route': '/orders' })],
            },
          },
        ]),
      );
  }
  const [late] = requests.splice(2, 1);
  const twice = requests[4];
  return [...requests, ...(late ? [late] : []), ...(twice ? [twice] : []), noNumber(minute(5))];
}

function noNumber(timeUnixNano: string): OtlpRequest {
  const dataPoints = [{ timeUnixNano, asDouble: 'NaN', attributes: attributes({ shelf: 'c' }) }];
  return metrics('orders-1', [
    { name: METRICS.gauge, unit: '{item}', description: 'Items in stock', gauge: { dataPoints } },
  ]);
}

function metrics(instance: string, list: readonly Json[]): OtlpRequest {
  const scope = { name: 'meter' };
  const owner = resource('shop-orders', { 'service.instance.id': instance });
  return {
    signal: 'metrics',
    body: { resourceMetrics: [{ resource: owner, scopeMetrics: [{ scope, metrics: list }] }] },
  };
}
