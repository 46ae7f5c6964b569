import Type from 'typebox';
import { describe, expect, it } from 'vitest';
import { defineAgent, type NotificationHandler } from './define-agent.ts';

const right = { description: 'work', schema: Type.Object({}), handle: async () => null };

describe('the definition of an agent', () => {
  it('is filled in with capacity, time and version', () => {
    const agent = defineAgent({ id: 'a', description: 'd', notifications: { 'a.b': right } });
    expect(agent).toMatchObject({ capacity: 10, timeoutMs: 60_000, version: '1.0.0' });
  });

  it.each<[string, unknown, RegExp]>([
    ['a schema that is none', { ...right, schema: { type: 'objct' } }, /schema of a\.b of agent "a" is no JSON Schema/],
    ['a schema that is a word', { ...right, schema: 'string' }, /schema of a\.b of agent "a" is no JSON Schema/],
    ['no handler', { ...right, handle: undefined }, /a\.b of agent "a" has no function "handle"/],
    ['something that nobody reads', { ...right, timeoutMs: 3 }, /a\.b of agent "a" has "timeoutMs"/],
  ])('is refused with %s, and says which', (_what, handler, sentence) => {
    const notifications = { 'a.b': handler as NotificationHandler };
    expect(() => defineAgent({ id: 'a', description: 'd', notifications })).toThrow(sentence);
  });

  it.each([
    ['an id with capitals', { id: 'A', notifications: { 'a.b': right } }, /agent id "A"/],
    ['a type with capitals', { id: 'a', notifications: { 'A.b': right } }, /notification type "A.b"/],
    ['no type at all', { id: 'a', notifications: {} }, /takes no notification type/],
    ['half a task at a time', { id: 'a', capacity: 0.5, notifications: { 'a.b': right } }, /capacity/],
  ])('is refused with %s', (_what, definition, sentence) => {
    expect(() => defineAgent({ description: 'd', ...definition })).toThrow(sentence);
  });
});
