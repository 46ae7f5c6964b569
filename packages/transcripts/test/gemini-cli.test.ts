import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { type Reading, uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';

const AT = Date.parse('2026-02-01T10:00:00Z');
const at = (seconds: number): string => new Date(AT + seconds * 1000).toISOString();

const meta = { sessionId: 'session-1', projectHash: 'hash', startTime: at(0), lastUpdated: at(60), kind: 'main' };
const prompt = { id: 'u1', timestamp: at(0), type: 'user', content: [{ text: 'List the files' }] };
const tokens = { input: 100, output: 10, cached: 40, thoughts: 5, tool: 3, total: 118 };
const call = { id: `ls-${AT + 4000}-1a2b`, name: 'ls', args: { path: '.' }, timestamp: at(5) };
const asking = {
  id: 'g1',
  timestamp: at(5),
  type: 'gemini',
  content: '',
  model: 'gemini-3-pro',
  tokens,
  toolCalls: [{ ...call, status: 'executing' }],
};
const response = { functionResponse: { id: call.id, name: 'ls', response: { output: 'a.txt' } } };
const done = { ...asking, toolCalls: [{ ...call, status: 'success', result: [response] }] };
const answer = {
  id: 'g2',
  timestamp: at(8),
  type: 'gemini',
  content: 'One file: a.txt',
  model: 'gemini-3-pro',
  tokens,
};

const lines = (...values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('');
const json = (messages: readonly unknown[]): string => JSON.stringify({ ...meta, messages }, null, 2);

async function one(content: string): Promise<SessionDocument> {
  const { format, documents, skipped } = await readText(content);
  expect([format, documents.length, skipped]).toEqual(['gemini-cli', 1, []]);
  return documents[0] as SessionDocument;
}

describe('a session of Gemini CLI in lines', () => {
  it('is the session that is one JSON value', async () => {
    const inLines = await one(lines(meta, prompt, asking, { $set: { lastUpdated: at(9) } }, done, answer));
    expect(inLines).toEqual(await one(json([prompt, done, answer])));
    expect(inLines.calls.map(({ usage }) => usage)).toEqual(
      Array(2).fill({ input: 103, cacheRead: 40, cacheWrite5m: 0, cacheWrite1h: 0, output: 15, reasoning: 5 }),
    );
    expect(inLines.tools).toMatchObject([
      { toolCallId: call.id, status: 'ok', result: 'a.txt', atMs: AT + 4000, endedAtMs: AT + 5000, callId: 'g1' },
    ]);
    expect(inLines.calls.map(({ askedAtMs, atMs }) => [askedAtMs, atMs])).toEqual([
      [AT, AT + 4000],
      [AT + 5000, AT + 8000],
    ]);
    expect(inLines.messages.map(({ role, text }) => `${role}: ${text}`)).toEqual([
      'user: List the files',
      'assistant: ',
      'tool: a.txt',
      'assistant: One file: a.txt',
    ]);
  });

  it('takes a message that comes again for its later version, and adds nothing when a shorter file comes again', async () => {
    const shorter = await one(lines(meta, prompt, asking));
    expect(shorter.tools).toMatchObject([{ status: 'pending', result: null }]);
    const longer = await one(lines(meta, prompt, asking, done, answer));
    expect(uniteDocuments(shorter, longer)).toEqual(longer);
    expect(uniteDocuments(longer, shorter)).toEqual(longer);
  });

  it('keeps what was gone back over: it was paid for', async () => {
    const again = { ...answer, id: 'g3', timestamp: at(20) };
    const { calls } = await one(lines(meta, prompt, done, answer, { $rewindTo: 'u1' }, { ...prompt, id: 'u2' }, again));
    expect(calls).toHaveLength(3);
  });

  it('takes messages that are set as a whole', async () => {
    const { calls } = await one(lines(meta, { $set: { messages: [prompt, done, answer] } }));
    expect(calls.map(({ callId }) => callId)).toEqual(['g1', 'g2']);
  });
});

describe('what Gemini CLI itself puts into a conversation', () => {
  const said = ({ messages }: SessionDocument): string[] => messages.map(({ role, text }) => `${role}: ${text}`);
  const put = (id: string, type: string, ...texts: readonly string[]): object => ({
    id,
    timestamp: at(7),
    type,
    content: texts.map((text) => ({ text })),
  });

  it('as the user is no message: where the session takes place, what was summed up, what a hook added', async () => {
    const document = await one(
      lines(
        meta,
        { $set: { messages: [put('env', 'user', '<session_context>\nToday is …\n</session_context>')] } },
        put('u1', 'user', 'List the files', '<hook_context>be quick</hook_context>'),
        done,
        put('sum', 'user', '<state_snapshot>…</state_snapshot>'),
        put('hook', 'user', '<hook_context>go on</hook_context>'),
        put('u2', 'user', 'What is a <session_context>?'),
        answer,
      ),
    );
    expect(said(document).filter((words) => words.startsWith('user'))).toEqual([
      'user: List the files',
      'user: What is a <session_context>?',
    ]);
    // Nothing of it is what the call answers.
    expect(document.calls.map(({ callId, askedAtMs }) => [callId, askedAtMs])).toEqual([
      ['g1', null],
      ['g2', AT + 7000],
    ]);
  });

  it('as the model is no call and no message: neither a model nor tokens stand beside it', async () => {
    const document = await one(
      lines(
        meta,
        prompt,
        done,
        { ...put('ack', 'gemini', 'Got it.'), thoughts: [], tokens: null },
        put('void', 'gemini', '[interrupted]'),
      ),
    );
    expect(document.calls.map(({ callId }) => callId)).toEqual(['g1']);
    expect(said(document)).toEqual(['user: List the files', 'assistant: ', 'tool: a.txt']);
  });

  it('is a call as soon as one of them is told, or tools that it called', async () => {
    const { model: _model, ...unnamed } = answer;
    const { model: _other, tokens: _tokens, ...asked } = { ...done, id: 'g3' };
    const { calls, tools } = await one(
      lines(meta, prompt, { ...unnamed, tokens: null }, unnamed, { ...answer, id: 'g4', tokens: null }, asked),
    );
    expect(calls.map(({ callId, model, usage }) => [callId, model, usage?.input]).sort()).toEqual([
      ['g2', null, 103],
      ['g3', null, undefined],
      ['g4', 'gemini-3-pro', undefined],
    ]);
    expect(tools).toMatchObject([{ callId: 'g3', status: 'ok' }]);
  });
});

describe('tools and errors of Gemini CLI', () => {
  it('knows a call that the user refused from one that failed', async () => {
    const failed = { functionResponse: { response: { error: 'no such file' } } };
    const toolCalls = [
      {
        ...call,
        id: 'refused',
        status: 'cancelled',
        result: [{ functionResponse: { response: { error: 'cancelled' } } }],
      },
      { ...call, id: 'failed', status: 'error', result: [failed] },
      { ...call, id: 'waiting', status: 'awaiting_approval' },
    ];
    const { tools } = await one(json([prompt, { ...asking, toolCalls }]));
    expect(Object.fromEntries(tools.map(({ toolCallId, status }) => [toolCallId, status]))).toEqual({
      refused: 'refused',
      failed: 'failed',
      waiting: 'pending',
    });
    expect(tools.find(({ status }) => status === 'failed')?.error?.message).toBe('no such file');
  });

  it('takes an error of the interface for a call that failed, with its code, and no other notice for one', async () => {
    const content = '[API Error: {"error":{"code":429,"message":"Resource exhausted"}}]';
    const error = { id: 'e1', timestamp: at(3), type: 'error', content };
    const notices = ['info', 'warning', 'error'].map((type) => ({
      id: type,
      timestamp: at(2),
      type,
      content: 'Unknown command',
    }));
    const { calls, messages } = await one(json([prompt, ...notices, error]));
    expect(calls).toMatchObject([{ callId: 'e1', status: 'failed', error: { type: '429' }, usage: null }]);
    expect(messages).toHaveLength(1);
  });
});

describe('hostile values in a session of Gemini CLI', () => {
  it.each([
    ['a negative count', { ...answer, tokens: { ...tokens, output: -5 } }],
    ['a huge count', { ...answer, tokens: { ...tokens, input: 1e15 } }],
    ['a count that is text', { ...answer, tokens: { ...tokens, input: '100' } }],
    ['a time in the year 9999', { ...answer, timestamp: '9999-01-01T00:00:00Z' }],
    ['an id that is the prototype', { ...answer, id: '__proto__' }],
    ['a type that nobody knows', { ...answer, type: 'robot' }],
    ['no message at all', 'text'],
  ])('leaves out %s and counts the rest exactly', async (_, hostile) => {
    const whole = await readText(json([prompt, done, hostile]));
    const inLines = await readText(lines(meta, prompt, done, hostile));
    for (const reading of [whole, inLines]) {
      expect(inputOf(reading)).toBe(103);
      expect(reading.skippedCount).toBe(1);
    }
    expect(whole.skipped[0]?.line).toBe(3);
    expect(inLines.skipped[0]?.line).toBe(4);
  });

  it.each(['__proto__', 'a\u0000b', ''])('takes no session whose id is %j', async (sessionId) => {
    const { documents, skipped } = await readText(JSON.stringify({ ...meta, sessionId, messages: [prompt] }));
    expect(documents).toEqual([]);
    expect(skipped.at(-1)?.reason).toContain('no sessionId');
  });

  it('reads a byte-order mark and UTF-16', async () => {
    const expected = await one(json([prompt, done, answer]));
    const text = json([prompt, done, answer]);
    for (const bytes of [Buffer.from(`\ufeff${text}`), Buffer.from(`\ufeff${text}`, 'utf16le')]) {
      expect((await readText(bytes)).documents).toEqual([expected]);
    }
  });

  function inputOf({ documents }: Reading): number {
    return documents.flatMap(({ calls }) => calls).reduce((sum, { usage }) => sum + (usage?.input ?? 0), 0);
  }
});

describe('a subagent of Gemini CLI', () => {
  const parentOf = async (fileName: string, kind: string): Promise<string | null | undefined> =>
    (await readText(lines({ ...meta, sessionId: 'agent-1', kind }, prompt, answer), { fileName })).documents[0]
      ?.parentSessionId;

  it('was begun by the session in whose folder it lies', async () => {
    expect(await parentOf('chats/session-1/agent-1.jsonl', 'subagent')).toBe('session-1');
    expect(await parentOf('C:\\.gemini\\tmp\\x\\chats\\session-1\\agent-1.jsonl', 'subagent')).toBe('session-1');
    expect(await parentOf('agent-1.jsonl', 'subagent')).toBeNull();
    expect(await parentOf('tmp/chats/session-2026-02-01T10-00-session-.jsonl', 'main')).toBeNull();
  });
});

describe('the log of prompts of Gemini CLI', () => {
  const logged = (sessionId: string, messageId: number, message: string): unknown => ({
    sessionId,
    messageId,
    type: 'user',
    message,
    timestamp: at(messageId),
  });

  it('tells what was typed in each session, without commands to the program', async () => {
    const log = [
      logged('a', 0, 'hi'),
      logged('b', 0, 'hi'),
      logged('a', 1, '/help'),
      logged('a', 2, 'hi'),
      { message: 1 },
    ];
    const { documents, skipped } = await readText(JSON.stringify(log, null, 2));
    expect(documents.map(({ sessionId, messages }) => [sessionId, messages.map(({ text }) => text)])).toEqual([
      ['a', ['hi', 'hi']],
      ['b', ['hi']],
    ]);
    expect(skipped.map(({ line }) => line)).toEqual([5]);
  });
});
