import type { AnnouncedType } from '@tracepost/contracts';
import { createTelemetry } from '@tracepost/telemetry';
import { beforeEach, describe, expect, test } from 'vitest';
import { createPayloadCheck, type PayloadCheck } from '../src/agents/payload-check.ts';

let lines: string[];
let payloads: PayloadCheck;
beforeEach(() => {
  lines = [];
  const { logger } = createTelemetry({ serviceName: 'test', terminalLevel: 'warn', write: (line) => lines.push(line) });
  payloads = createPayloadCheck({ logger });
});

const announce = (schema: unknown): AnnouncedType => ({ type: 'a.b', description: '', schema });
const faults = (schema: unknown, payload: unknown) => payloads.check('agent', announce(schema), payload);

test('each fault has a pointer into the payload', () => {
  const schema = {
    type: 'object',
    properties: { days: { type: 'integer', maximum: 7 }, 'a/b': { type: 'object', required: ['c~d'] } },
    required: ['days'],
    additionalProperties: false,
  };
  expect(faults(schema, { days: 3 })).toEqual([]);
  expect(faults(schema, { days: 9 })).toMatchObject([{ pointer: '/payload/days' }]);
  expect(faults(schema, {})).toEqual([{ pointer: '/payload/days', message: 'is required' }]);
  expect(faults(schema, { days: 1, x: 1 })).toEqual([
    { pointer: '/payload/x', message: 'is not known; known are days, a/b' },
  ]);
  expect(faults(schema, { days: 1, 'a/b': {} })).toEqual([{ pointer: '/payload/a~1b/c~0d', message: 'is required' }]);
  expect(faults(schema, 'text')).toMatchObject([{ pointer: '/payload' }]);
});

test('a schema may refer to its own parts', () => {
  const schema = {
    type: 'object',
    properties: { place: { $ref: '#/$defs/place' } },
    $defs: {
      place: { type: 'object', properties: { inside: { $ref: '#/$defs/place' } }, additionalProperties: false },
    },
  };
  expect(faults(schema, { place: { inside: { inside: {} } } })).toEqual([]);
  expect(faults(schema, { place: { inside: { outside: 1 } } })).toMatchObject([
    { pointer: '/payload/place/inside/outside' },
  ]);
});

describe('a choice of forms is told by its alternatives', () => {
  const place = (names: string[]) => ({
    type: 'object',
    required: names,
    properties: { ...Object.fromEntries(names.map((name) => [name, { minLength: 1, maximum: 90 }])), days: {} },
    additionalProperties: false,
  });
  const forecast = { anyOf: [place(['location']), place(['latitude', 'longitude'])] };
  test.each([
    [{}, '/payload', 'give location, or latitude and longitude'],
    [{ latitude: 1 }, '/payload', 'give location, or latitude and longitude'],
    [{ place: 'Lisbon' }, '/payload', 'give location, or latitude and longitude'],
    ['Lisbon', '/payload', 'give location, or latitude and longitude'],
    [
      { location: 'Lisbon', latitude: 1, longitude: 1 },
      '/payload',
      'give only one of these: location, or latitude and longitude',
    ],
    [{ location: '' }, '/payload/location', 'must NOT have fewer than 1 characters'],
    [{ latitude: 1, longitude: 91, days: 1 }, '/payload/longitude', 'must be <= 90'],
  ])('%j', (payload, pointer, message) => {
    expect(faults(forecast, payload)).toEqual([{ pointer, message }]);
  });

  test('also inside, in lists, and of plain values', () => {
    const schema = {
      type: 'object',
      properties: {
        images: { type: 'array', items: { oneOf: [place(['imageId']), place(['imageBase64'])] } },
        quality: { enum: ['low', 'high'] },
        kind: { anyOf: [{ const: 'a' }, { const: 'b' }] },
        note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      },
    };
    expect(faults(schema, { images: [{ imageId: 'x' }, {}] })).toEqual([
      { pointer: '/payload/images/1', message: 'give imageId, or imageBase64' },
    ]);
    expect(faults(schema, { quality: 'best' })).toEqual([
      { pointer: '/payload/quality', message: 'has to be one of low, high' },
    ]);
    expect(faults(schema, { kind: 'c' })).toEqual([{ pointer: '/payload/kind', message: 'has to be one of a, b' }]);
    expect(faults(schema, { note: 5 })).toEqual([{ pointer: '/payload/note', message: 'has to be a string or null' }]);
  });

  test('and a name that is nearly right is named', () => {
    const schema = { type: 'object', properties: { location: {}, days: {} }, additionalProperties: false };
    expect(faults(schema, { loaction: 'x' })).toEqual([
      { pointer: '/payload/loaction', message: 'is not known, did you mean location; known are location, days' },
    ]);
  });
});

test('a payload is never changed by its check', () => {
  const payload = Object.freeze({ days: '3' });
  expect(faults({ properties: { days: { type: 'integer' }, more: { default: 1 } } }, payload)).toHaveLength(1);
  expect(payload).toEqual({ days: '3' });
});

describe('a schema that cannot be compiled checks nothing, and the log says so', () => {
  test.each([
    ['an unknown type', { type: 'nonsense' }],
    ['a limit that is none', { maximum: 'many' }],
    ['a pattern that is none', { type: 'string', pattern: '(' }],
    ['a reference to elsewhere', { $ref: 'http://example.com/schema.json' }],
    ['no schema at all', 'text'],
    ['a huge one', { enum: Array.from({ length: 10_000 }, (_, index) => `value-${index}`) }],
  ])('%s', (_what, schema) => {
    const announced = announce(schema);
    expect(payloads.check('agent', announced, { anything: 1 })).toEqual([]);
    expect(payloads.check('agent', announced, { anything: 2 })).toEqual([]);
    expect(lines).toHaveLength(1);
  });
});

describe('a check ends in time, whatever an agent announces', () => {
  const long = `${'a'.repeat(40)}!`;
  test.each([
    ['a pattern that backtracks', { type: 'string', pattern: '^(a+)+$' }, long],
    ['property names that backtrack', { patternProperties: { '^(a+)+$': { type: 'string' } } }, { [long]: 1 }],
    ['unique items over many lists', { uniqueItems: true }, Array.from({ length: 30_000 }, (_, index) => [index])],
    ['a reference to itself', { allOf: [{ $ref: '#' }, { type: 'string' }] }, {}],
    ['a schema that answers later', { $async: true, type: 'string' }, 5],
  ])('%s', (_what, schema, payload) => {
    const started = performance.now();
    expect(faults(schema, payload)).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('and such a schema still takes what is right', () => {
    expect(faults({ type: 'string', pattern: '^(a+)+$' }, 'aaa')).toEqual([]);
    expect(faults({ uniqueItems: true }, [1, 2])).toEqual([]);
    expect(faults({ uniqueItems: true }, [1, 1])).toHaveLength(1);
  });

  test('patterns that match in one pass are checked directly', () => {
    const uuid = { type: 'string', pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' };
    expect(faults(uuid, '01a1fdb3-3bb0-71be-8a81-39d6e86da218')).toEqual([]);
    expect(faults(uuid, '01a1fdb3')).toMatchObject([{ pointer: '/payload' }]);
  });
});

test('the same schema announced again is not compiled again', () => {
  const schema = { type: 'object', properties: { deep: { type: 'array', items: { type: 'integer' } } } };
  faults(schema, {});
  const started = performance.now();
  for (let index = 0; index < 500; index++) faults(structuredClone(schema), {});
  // One compilation takes about a millisecond.
  expect(performance.now() - started).toBeLessThan(150);
});
