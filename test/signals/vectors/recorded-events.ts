import type { Client } from '../../end-to-end/client.ts';

/** Of its own, so that what is recorded names the same trace everywhere. */
const TRACEPARENT = '00-33333333333333334444444444444444-5555555555555555-01';
const MINUTE = 60_000;

/** Names of what is recorded through the API; its numbers stand in the records and not among OpenTelemetry's. */
export const RECORDED_METRICS = { counter: 'desk.calls', gauge: 'desk.queue', histogram: 'desk.talk' } as const;

/** How many events there are in the end: those that were told, and one for each value. */
export const EVENTS = 5 + 30;

/** Tells of events and values by the API, singly and in arrays, some of it twice, and what is to be refused with the rest. */
export async function tell(client: Client, atMs: number): Promise<void> {
  const iso = (minutes: number): string => new Date(atMs + minutes * MINUTE).toISOString();
  const event = (id: number, more: object) => ({
    eventId: `vector-event-${id}`,
    source: 'vectors',
    type: 'OPERATION',
    timestamp: iso(id),
    data: { step: id, text: 'olá' },
    ...more,
  });
  const first = event(1, { type: 'COMMAND', severity: 'warn', correlationId: 'order-66' });
  const array = [
    event(2, { data: 'only a text' }),
    event(3, { data: null }),
    event(4, { data: [1, 2.5, { deep: [true] }] }),
    event(5, { type: 'shop.custom-type', data: { note: 'of ann@example.org', password: 'hunter2' } }),
    { type: 'no source' },
  ];
  const values = Array.from({ length: 10 }, (_, at) => [
    value('counter', at, at + 1, { line: at % 2 === 0 ? 'a' : 'b' }),
    value('gauge', at, (at * 7) % 5, {}),
    value('histogram', at, 0.25 * (at + 1) ** 2, { line: 'a' }),
  ]).flat();

  function value(kind: keyof typeof RECORDED_METRICS, at: number, number: number, attributes: object) {
    const name = RECORDED_METRICS[kind];
    // A number in a text is a number, too.
    const written = at % 3 === 0 ? String(number) : number;
    const unit = kind === 'histogram' ? 's' : '1';
    return {
      name,
      kind,
      unit,
      value: written,
      attributes,
      timestamp: iso(at),
      eventId: `${name}-${at}`,
      source: 'vectors',
    };
  }

  await post('/api/v1/events', first);
  await post('/api/v1/events', array);
  await post('/api/v1/metrics', values[0]);
  await post('/api/v1/metrics', values);
  await post('/api/v1/events', first);
  await post('/api/v1/metrics', values.slice(3, 9));

  async function post(path: string, body: unknown): Promise<void> {
    const headers = { 'content-type': 'application/json', traceparent: TRACEPARENT };
    const answer = await client.call(path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (answer.status !== 202) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  }
}
