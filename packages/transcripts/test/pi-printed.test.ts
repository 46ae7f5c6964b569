import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readOne } from './read-one.ts';

const BEGIN = Date.parse('2026-03-01T10:00:00.000Z');
const at = (seconds: number): number => BEGIN + seconds * 1000;
const header = { type: 'session', version: 3, id: 'session-1', timestamp: new Date(BEGIN).toISOString(), cwd: '/w' };
const json = (...values: readonly object[]): string[] => values.map((value) => JSON.stringify(value));

const question = { role: 'user', content: 'List the files', timestamp: at(0) };
const answer = {
  role: 'assistant',
  content: [{ type: 'toolCall', id: 'toolu_01AAAAAAAAAAAAAAAAAAAA', name: 'bash', arguments: { command: 'ls' } }],
  ...{ api: 'anthropic-messages', provider: 'anthropic', model: 'claude-sonnet-4-5', stopReason: 'toolUse' },
  usage: { input: 3, output: 7, cacheRead: 5, cacheWrite: 1, cost: { total: 0.25 } },
  responseId: 'msg_1',
  timestamp: at(1),
};
const result = {
  ...{ role: 'toolResult', toolCallId: 'toolu_01AAAAAAAAAAAAAAAAAAAA', toolName: 'bash', isError: false },
  ...{ content: [{ type: 'text', text: 'a.py' }], timestamp: at(2) },
};

describe('what pi prints of a session', () => {
  it('has each message once, as it was when it was complete', async () => {
    const begun = { ...answer, content: [], usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 } };
    const events = [
      ...[header, { type: 'agent_start' }, { type: 'turn_start' }],
      ...[
        { type: 'message_start', message: question },
        { type: 'message_end', message: question },
      ],
      ...[
        { type: 'message_start', message: begun },
        { type: 'message_update', message: begun },
      ],
      ...[
        { type: 'message_end', message: answer },
        { type: 'tool_execution_start', toolCallId: result.toolCallId },
      ],
      ...[
        { type: 'message_end', message: result },
        { type: 'turn_end', message: answer, toolResults: [result] },
      ],
      { type: 'auto_compaction_end', result: { summary: 'word '.repeat(50), tokensBefore: 900 }, aborted: false },
      { type: 'compaction_end', result: undefined, aborted: true },
      { type: 'agent_end', messages: [question, answer, result] },
    ];
    const session = await readOne(...json(...events));
    expect(session.messages.map(({ role, text }) => `${role}: ${text}`)).toEqual([
      'user: List the files',
      'assistant: ',
      'tool: a.py',
    ]);
    expect(session.calls).toMatchObject([{ callId: 'msg_1', usage: { input: 9, output: 7 }, reportedCostUsd: '0.25' }]);
    expect(session.tools).toMatchObject([{ name: 'bash', status: 'ok', result: 'a.py' }]);
    expect(session.compactions).toMatchObject([{ beforeTokens: 900 }]);
    // The same call in the session that pi keeps.
    const kept = await readOne(
      ...json(header, { type: 'message', id: 'e1', timestamp: header.timestamp, message: answer }),
    );
    expect([kept.sessionId, kept.calls[0]?.callId]).toEqual([session.sessionId, session.calls[0]?.callId]);
  });
});

describe('what pi both kept and printed', () => {
  const usage = { input: 900, output: 50, cacheRead: 0, cacheWrite: 0, cost: { total: 0.5 } };
  const compaction = { summary: 'what was said', tokensBefore: 900, firstKeptEntryId: 'e1', usage };
  const messages = [question, answer, result];

  it('is there once, in whatever order it comes', async () => {
    const kept = await readOne(
      ...json(
        header,
        ...messages.map((message, index) => ({
          ...{ type: 'message', id: `e${index}`, parentId: index === 0 ? null : `e${index - 1}` },
          ...{ timestamp: new Date(message.timestamp + 500).toISOString(), message },
        })),
        { type: 'compaction', id: 'e9', timestamp: new Date(at(9)).toISOString(), ...compaction },
      ),
    );
    const printed = await readOne(
      ...json(header, ...messages.map((message) => ({ type: 'message_end', message })), {
        type: 'compaction_end',
        reason: 'threshold',
        result: compaction,
        aborted: false,
      }),
    );
    const ids = ({ messages: said, calls, tools, compactions = [] }: SessionDocument): object => ({
      said: said.map(({ role, messageId }) => [role, messageId]).toSorted(),
      calls: calls.map(({ callId, usage: used }) => [callId, used?.input]).toSorted(),
      tools: tools.map(({ toolCallId, status }) => [toolCallId, status]),
      compactions: compactions.map(({ compactionId, atMs }) => [compactionId, atMs]),
    });
    expect([kept.messages.length, kept.calls.length, kept.compactions?.length]).toEqual([3, 2, 1]);
    for (const both of [uniteDocuments(kept, printed), uniteDocuments(printed, kept)]) {
      expect(ids(both)).toEqual(ids(kept));
    }
  });
});

describe('a session of pi', () => {
  it('is known by the model that its header names, where it names no folder', async () => {
    const { cwd: _, version: __, ...first } = header;
    const message = { ...question, timestamp: undefined };
    const session = await readOne(
      ...json({ ...first, provider: 'anthropic', modelId: 'claude-sonnet-4-5' }, { type: 'message', message }),
    );
    expect(session.sessionId).toBe('session-1');
  });

  it('gives the model what came of a command of the user, but for one that it is not to know of', async () => {
    const ran = { role: 'bashExecution', command: 'ls', output: 'word '.repeat(100), exitCode: 0, timestamp: at(0) };
    const line = (message: object): object => ({ type: 'message', timestamp: header.timestamp, message });
    const { messages } = await readOne(
      ...json(header, line(ran), line({ ...ran, excludeFromContext: true, timestamp: at(1) })),
    );
    expect(messages.map(({ role, text }) => `${role}: ${text.slice(0, 8)}`)).toEqual(['user: !ls\nword', 'user: !ls']);
    expect(messages[0]?.estimatedTokens).toBeGreaterThan(80);
    expect(messages[1]?.estimatedTokens).toBeLessThan(5);
  });
});
