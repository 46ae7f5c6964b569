import { describe, expect, it } from 'vitest';
import { readText } from './bytes.ts';

const json = (value: unknown): string => JSON.stringify(value);
const event = {
  id: 0,
  timestamp: '2026-01-01T00:00:00.000000',
  source: 'user',
  action: 'message',
  args: { content: 'x' },
};

/** Files that have something of another format in them. */
describe('the format of a file of one JSON value', () => {
  it.each([
    [
      'openhands',
      'a trajectory whose events talk of SWE-agent',
      json({ trajectory: [{ ...event, message: '"history": []' }] }),
    ],
    [
      'openhands',
      'a trajectory in which a tool gave a span',
      json([{ ...event, extras: { trace_id: 'a', span_id: 'b', start_time: 1_780_000_000, attributes: {} } }]),
    ],
    ['swe-agent', 'a trajectory without any step yet', json({ trajectory: [], history: [], info: {} })],
    [
      'swe-agent',
      'a trajectory with an observation that is an event',
      json({ trajectory: [{ action: 'cat e.json', observation: json(event), response: 'r' }] }),
    ],
    [
      'tau-bench',
      'results in which a tool gave a session',
      json([
        {
          task_id: 0,
          traj: [{ role: 'user', content: '"sessionId": "a", "messageId": 0, "message": ""' }],
          reward: 1,
          trial: 0,
        },
      ]),
    ],
    [
      'gemini-cli',
      'a session in which SWE-agent is talked about',
      json({
        sessionId: 's',
        projectHash: 'h',
        messages: [
          { id: 'a', type: 'user', timestamp: '2026-01-01T00:00:00Z', content: '"trajectory": [{"action": "ls"' },
        ],
      }),
    ],
  ])('is %s for %s', async (format, _, content) => {
    expect((await readText(content)).format).toBe(format);
  });

  it.each([
    [
      'a chat for fine-tuning',
      json({
        messages: [
          { role: 'user', content: 'x' },
          { role: 'assistant', content: 'y' },
        ],
      }),
    ],
    ['a list of chat messages', json([{ role: 'user', content: 'x' }])],
    ['a list of records with an action', json([{ id: 1, action: 'buy', source: 'shop' }])],
    ['a package file', json({ name: 'x', version: '1.0.0', dependencies: {} })],
    ['a list of numbers', '[1,2,3]'],
    ['an empty object', '{}'],
  ])('is not known for %s', async (_, content) => {
    await expect(readText(content)).rejects.toThrow(/no transcript format/);
  });
});

/** What programs print or keep of a session besides the session itself. */
describe('a file that is not read, but known', () => {
  const lines = (...values: readonly object[]): string => values.map(json).join('\n');
  it.each([
    [
      'events of `codex exec`',
      lines({ type: 'thread.started', thread_id: 't' }, { type: 'turn.started' }),
      /codex exec --json.*\.codex\/sessions/,
    ],
    [
      'events of an older `codex exec`',
      lines({ model: 'm', provider: 'openai' }, { prompt: 'x' }, { id: '0', msg: { type: 'task_started' } }),
      /codex exec --json.*\.codex\/sessions/,
    ],
    [
      'the answer of `claude`',
      json({ type: 'result', subtype: 'success', session_id: 's', total_cost_usd: 1 }),
      /claude --print.*\.claude\/projects/,
    ],
    [
      'the answer of a newer `claude`, whose names stand in another order',
      json({ is_error: false, duration_api_ms: 5, num_turns: 1, session_id: 's', total_cost_usd: 1, type: 'result' }),
      /claude --print.*\.claude\/projects/,
    ],
    [
      'events of `gemini`',
      lines(
        { type: 'init', timestamp: '2026-03-01T10:00:00Z', session_id: 's', model: 'm' },
        { type: 'message', role: 'user', content: 'x', timestamp: '2026-03-01T10:00:00Z' },
      ),
      /stream-json.*\.gemini\/tmp/,
    ],
    [
      'the answer of `gemini`',
      JSON.stringify({ session_id: 's', response: 'x', stats: { models: {}, tools: {} } }, null, 2),
      /output-format json.*\.gemini\/tmp/,
    ],
    [
      'a conversation that the user saved',
      json([{ role: 'user', parts: [{ text: 'x' }] }]),
      /chat save.*\.gemini\/tmp/,
    ],
    [
      'the same with its login',
      json({ history: [{ role: 'user', parts: [{ text: 'x' }] }], authType: 'a' }),
      /chat save.*\.gemini\/tmp/,
    ],
    [
      'a trajectory in ATIF',
      json({ schema_version: 'ATIF-v1.6', session_id: 's', agent: {}, steps: [] }),
      /ATIF.*agent itself/,
    ],
    ['several of them', JSON.stringify({ parent: { schema_version: 'ATIF-v1.6' } }, null, 2), /ATIF.*agent itself/],
  ])('is refused with where its session lies: %s', async (_, content, reason) => {
    await expect(readText(content)).rejects.toThrow(reason);
  });
});
