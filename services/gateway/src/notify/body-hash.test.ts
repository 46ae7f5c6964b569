import { expect, test } from 'vitest';
import { bodyHash } from './body-hash.ts';

test('the order of keys and white space do not count, at any depth', () => {
  const one = JSON.parse('{"a":1,"b":{"c":[{"x":1,"y":2}],"d":null}}');
  const other = JSON.parse('{ "b": { "d": null, "c": [ { "y": 2, "x": 1.0 } ] }, "a": 1e0 }');
  expect(bodyHash(one)).toBe(bodyHash(other));
  expect(bodyHash(one)).toMatch(/^[0-9a-f]{64}$/);
});

test.each([
  ['{"a":1}', '{"a":"1"}'],
  ['{"a":[1,2]}', '{"a":[2,1]}'],
  ['{"a":{"b":1}}', '{"a":{"b":2}}'],
  ['{"a":null}', '{}'],
  ['{"1":0,"2":1}', '{"2":0,"1":1}'],
  ['{"a":""}', '{"a":" "}'],
])('%s is another body than %s', (one, other) => {
  expect(bodyHash(JSON.parse(one))).not.toBe(bodyHash(JSON.parse(other)));
});
