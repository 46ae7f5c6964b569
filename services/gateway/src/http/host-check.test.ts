import { expect, test } from 'vitest';
import { createHostCheck } from './host-check.ts';

const hosts = createHostCheck(['tracepost.example', 'proxy.example:8443']);
const refusal = (host: string | undefined, origin?: string) => hosts.refuse(hosts.read(host), origin)?.code ?? null;

test.each([
  ['127.0.0.1'],
  ['127.0.0.1:3400'],
  ['localhost:1'],
  ['LocalHost:3400'],
  ['[::1]:3400'],
  ['tracepost.example:9999'],
  ['proxy.example:8443'],
])('the host %s is ours', (host) => expect(refusal(host)).toBeNull());

test.each([
  [undefined],
  [''],
  ['evil.example'],
  ['127.0.0.1.evil.example'],
  ['localhost.'],
  ['localhost@evil.example'],
  ['localhost:80:80'],
  ['proxy.example:8444'],
  ['127.0.0.1, evil.example'],
  ['[::2]'],
  ['x'.repeat(10_000)],
])('the host %s is foreign', (host) => expect(refusal(host)).toBe('FOREIGN_HOST'));

test.each([['http://localhost:5173'], ['https://127.0.0.1'], ['http://tracepost.example'], ['http://[::1]:3400']])(
  'a page of %s may call',
  (origin) => expect(refusal('127.0.0.1', origin)).toBeNull(),
);

test.each([
  ['null'],
  ['https://evil.example'],
  ['file://'],
  ['http://localhost.evil.example'],
  ['http://localhost@evil.example'],
  [''],
])('a page of "%s" may not call', (origin) => expect(refusal('127.0.0.1', origin)).toBe('FOREIGN_ORIGIN'));

test('address and port are read for the span', () => {
  expect(hosts.read('localhost:3400')).toEqual({ address: 'localhost', port: 3400, isAllowed: true });
  expect(hosts.read('[::1]')).toEqual({ address: '[::1]', port: null, isAllowed: true });
});
