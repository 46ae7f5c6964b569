import { expect, test } from 'vitest';
import { parseEndpoint } from './endpoint.ts';

test('a URL with everything in it gives everything, and a label without credentials', () => {
  const { label, connect } = parseEndpoint({ url: 'amqps://us%40er:p%2Fss@broker.example:5679/my%2Fhost' });
  expect(label).toBe('broker.example:5679');
  expect(connect).toMatchObject({
    protocol: 'amqps',
    hostname: 'broker.example',
    port: 5679,
    username: 'us@er',
    password: 'p/ss',
    // Still escaped: the library unescapes it.
    vhost: 'my%2Fhost',
  });
});

test('what is not said has the defaults of AMQP', () => {
  expect(parseEndpoint({ url: 'amqp://[::1]' })).toMatchObject({
    label: '::1:5672',
    connect: { protocol: 'amqp', hostname: '::1', port: 5672, username: 'guest', password: 'guest', vhost: '/' },
  });
  expect(parseEndpoint({ url: 'amqps://broker' }).connect.port).toBe(5671);
});

test('credentials given apart go before those of the URL', () => {
  const { connect } = parseEndpoint({ url: 'amqp://old:older@broker', username: 'tracepost', password: 'secret' });
  expect(connect).toMatchObject({ username: 'tracepost', password: 'secret' });
});

test.each(['http://user:secret@broker', 'amqp//user:secret@broker', 'amqp://user:secret@bro ker', ''])(
  'an address that is none is refused without being repeated: %j',
  (url) => {
    expect(() => parseEndpoint({ url })).toThrow(/not a URL like amqp:/);
    expect(() => parseEndpoint({ url })).not.toThrow(/secret/);
  },
);
