import { describe, expect, it } from 'vitest';
import { nameOf } from './import-files.ts';

describe('the name under which a file is sent', () => {
  it.each([
    ['/home/jane/work/session.jsonl', 'session.jsonl'],
    ['session.jsonl', 'session.jsonl'],
    ['/home/jane/conversations/abc/events/event-00001.json', 'abc/events/event-00001.json'],
    ['/home/jane/sessions/abc/event_cache/0-25.json', 'abc/event_cache/0-25.json'],
    ['C:\\data\\conversations\\abc\\base_state.json', 'conversations/abc/base_state.json'],
    ['/home/jane/.gemini/tmp/abc/chats/s-1/agent-1.jsonl', 'chats/s-1/agent-1.jsonl'],
    ['/home/jane/.gemini/tmp/abc/chats/session-2026-03-01T10-00-abc.jsonl', 'session-2026-03-01T10-00-abc.jsonl'],
  ])('of %s is %s', (path, name) => {
    expect(nameOf(path)).toBe(name);
  });
});
