import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { IncomingMessage, OutgoingMessage, PublishOutcome } from '../broker.ts';
import { withIncoming, withOutgoing } from './broken.ts';
import type { BrokerHarness, BrokerProperty } from './harness.ts';
import { message, workbench } from './workbench.ts';

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

const propertiesTravel: BrokerProperty = {
  title: 'body and properties of a message arrive as they were sent',
  async run(harness) {
    const properties = {
      messageId: '0198c2f0-0000-7000-8000-000000000001',
      type: 'weather.forecast',
      appId: 'curl',
      correlationId: 'corr:1.a_B-2',
      timestamp: 1_795_250_000,
      priority: 8,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      replyTo: 'answers',
    };
    const arrived = await sendAndTake(harness, { body: EVERY_BYTE, ...properties });
    const { body, headers: _, exchange, routingKey, ...rest } = arrived;
    expect(body.equals(EVERY_BYTE)).toBe(true);
    expect(exchange).toBe('');
    expect(routingKey).toContain('travel');
    expect(rest).toEqual(properties);
  },
  broken: {
    'loses the type': (good) => withIncoming(good, ({ type: _, ...rest }) => rest),
    'makes text of the body': (good) =>
      withIncoming(good, (arrived) => ({ ...arrived, body: Buffer.from(arrived.body.toString('utf8')) })),
    'counts the time in milliseconds': (good) =>
      withOutgoing(good, (sent) => (sent.timestamp ? { ...sent, timestamp: sent.timestamp * 1000 } : sent)),
  },
};

const absentStaysAbsent: BrokerProperty = {
  title: 'properties that were not given are not there, and an empty body stays empty',
  async run(harness) {
    const { exchange: _, routingKey: __, ...rest } = await sendAndTake(harness, { body: Buffer.alloc(0) });
    expect(Object.entries(rest).filter(([, value]) => value !== undefined)).toEqual([
      ['body', Buffer.alloc(0)],
      ['headers', {}],
    ]);
  },
  broken: {
    'fills in a priority': (good) => withOutgoing(good, (sent) => ({ priority: 4, ...sent })),
    'adds a header of its own': (good) =>
      withOutgoing(good, (sent) => ({ ...sent, headers: { ...sent.headers, 'x-publish-id': 1 } })),
  },
};

const headersTravel: BrokerProperty = {
  title: 'headers keep their values and their types',
  async run(harness) {
    const headers = {
      text: 'grüße, 世界 🌍',
      empty: '',
      long: 'x'.repeat(8 * 1024),
      yes: true,
      no: false,
      zero: 0,
      byte: -128,
      short: 32_767,
      int: -2_147_483_648,
      milliseconds: 1_795_250_000_123,
      largest: Number.MAX_SAFE_INTEGER,
      fraction: 0.1,
      'x-published-at-ms': 1_795_250_000_124,
    };
    const arrived = await sendAndTake(harness, { headers });
    expect(arrived.headers).toEqual(headers);
  },
  broken: {
    'makes text of numbers': (good) =>
      withIncoming(good, (arrived) => ({
        ...arrived,
        headers: Object.fromEntries(Object.entries(arrived.headers).map(([key, value]) => [key, `${value}`])),
      })),
    'cuts numbers to 32 bits': (good) =>
      withIncoming(good, (arrived) => ({
        ...arrived,
        headers: Object.fromEntries(
          Object.entries(arrived.headers).map(([key, value]) => [
            key,
            Number.isInteger(value) ? Number(value) | 0 : value,
          ]),
        ),
      })),
  },
};

const bigBodiesTravel: BrokerProperty = {
  title: 'bodies of 256 KiB and 1 MiB arrive whole, and small ones between them too',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('big');
    const bodies = [256 * 1024, 10, 1024 * 1024, 0, 1].map((size) => randomBytes(size));
    const outcomes = await Promise.all(bodies.map((body) => harness.broker().publish({ ...message(queue, ''), body })));
    expect(outcomes).toEqual(bodies.map(() => ({ status: 'confirmed' })));
    const { arrived } = await bench.receive(queue, { onDelivery: (delivery) => delivery.ack() });
    const deliveries = await arrived(bodies.length);
    expect(deliveries.map((delivery) => sha256(delivery.message.body))).toEqual(bodies.map(sha256));
  },
  broken: {
    'cuts bodies at 128 KiB': (good) =>
      withIncoming(good, (arrived) => ({ ...arrived, body: arrived.body.subarray(0, 128 * 1024) })),
  },
};

const hugeHeadersAreRefused: BrokerProperty = {
  title: 'a message whose headers are larger than 64 KiB is refused, alone',
  async run(harness) {
    const bench = workbench(harness);
    const queue = await bench.queue('headers');
    const publish = (bytes: number): Promise<PublishOutcome> =>
      harness.broker().publish(message(queue, 'x', { headers: { large: 'x'.repeat(bytes) } }));
    const outcomes = await Promise.all([60_000, 70_000, 1024 * 1024, 1].map(publish));
    expect(outcomes.map(({ status }) => status)).toEqual(['confirmed', 'refused', 'refused', 'confirmed']);
    await bench.holds(queue, 2);
  },
  broken: {
    'sends them cut': (good) =>
      withOutgoing(good, (sent) => ({ ...sent, headers: { large: String(sent.headers.large).slice(0, 60_000) } })),
  },
};

export const messageProperties = [
  propertiesTravel,
  absentStaysAbsent,
  headersTravel,
  hugeHeadersAreRefused,
  bigBodiesTravel,
];

async function sendAndTake(harness: BrokerHarness, content: Partial<OutgoingMessage>): Promise<IncomingMessage> {
  const bench = workbench(harness);
  const queue = await bench.queue('travel');
  const outcome = await harness.broker().publish(message(queue, 'body', content));
  expect(outcome).toEqual({ status: 'confirmed' });
  const { arrived } = await bench.receive(queue, { onDelivery: (delivery) => delivery.ack() });
  const [delivery] = await arrived(1);
  if (!delivery) throw new Error('nothing arrived');
  return delivery.message;
}

function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
