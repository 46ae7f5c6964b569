import { describe, expect, it } from 'vitest';
import { subagentsOf } from './whose-entry.ts';

const FORK = 'acompact-0a1b2c';
const AGENTS = [null, 'sidechain', FORK, 'aside_question-0a1b2c', 'a0a1b2c', 'toolu_01'];

describe.each(['claude-code', 'otel'] as const)('whose an entry of %s is', (format) => {
  const join = subagentsOf(format);

  it('is the same in any order, in any grouping, and when one witness tells it twice', () => {
    for (const one of AGENTS) {
      expect(join(one, one)).toBe(one);
      for (const other of AGENTS) {
        expect(join(one, other)).toBe(join(other, one));
        for (const third of AGENTS) expect(join(join(one, other), third)).toBe(join(one, join(other, third)));
      }
    }
  });

  it('is of a fork only where nobody else tells of it', () => {
    for (const other of [null, 'sidechain', 'a0a1b2c']) expect(join(FORK, other)).toBe(other);
  });
});

it.each(['agent-4f2a9c1b', 'assistant-20251101'])('an agent of other programs that is called %s is no fork', (name) => {
  expect(subagentsOf('otel')(null, name)).toBe(name);
});

describe('a witness that names no agent', () => {
  it('means the main one in a transcript of Claude Code, and says nothing elsewhere', () => {
    expect(subagentsOf('claude-code')(null, 'a0a1b2c')).toBe(null);
    expect(subagentsOf('otel')(null, 'a0a1b2c')).toBe('a0a1b2c');
  });
});
