import type { SessionDocument } from '@tracepost/contracts';
import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';

const BEGIN = Date.parse('2026-03-01T10:00:00.000Z');

function entry(at: number, message: object, more: object = {}): string {
  const timestamp = new Date(BEGIN + at * 1000).toISOString();
  return JSON.stringify({
    type: 'message',
    timestamp,
    message: { timestamp: BEGIN + at * 1000 - 500, ...message },
    ...more,
  });
}

const header = (id: string, more: object = {}): string =>
  JSON.stringify({ type: 'session', id, timestamp: new Date(BEGIN).toISOString(), cwd: '/w', ...more });
const answer = (at: number, more: object = {}, around: object = {}): string =>
  entry(
    at,
    {
      role: 'assistant',
      content: [{ type: 'text', text: 'hi' }],
      provider: 'google',
      model: 'gemini-3-pro',
      usage: { input: 3, output: 2, cacheRead: 5, cacheWrite: 1, cost: { total: 0.1 + 0.2 } },
      stopReason: 'stop',
      ...more,
    },
    around,
  );

async function read(...lines: readonly string[]): Promise<SessionDocument> {
  const { documents, skipped, format } = await readText(lines.join('\n'));
  expect([format, skipped, documents.length]).toEqual(['pi', [], 1]);
  return documents[0] as SessionDocument;
}

describe('a session of pi', () => {
  it('has calls with usage, recorded cost without the dust of doubles, and the time that they took', async () => {
    const { calls } = await read(header('s1'), answer(4));
    expect(calls).toMatchObject([
      {
        provider: 'gcp.gemini',
        usage: { input: 9, cacheRead: 5, cacheWrite5m: 1, output: 2 },
        reportedCostUsd: '0.3',
        askedAtMs: BEGIN + 3500,
        atMs: BEGIN + 4000,
      },
    ]);
  });

  it('weighs what was said to a model by the tokenizer of that model', async () => {
    const said = entry(2, { role: 'user', content: 'word '.repeat(200) }, { id: 'u1' });
    const chosen = (modelId: string): string => JSON.stringify({ type: 'model_change', provider: 'x', modelId });
    const tokens = async (...lines: string[]): Promise<number> =>
      Number((await read(header('s1'), ...lines)).messages.find(({ role }) => role === 'user')?.estimatedTokens);
    const plain = await tokens(said);
    expect(await tokens(chosen('claude-sonnet-4-5'), said)).toBeCloseTo(1.21 * plain, -1);
    expect(await tokens(chosen('claude-sonnet-4-5'), chosen('gpt-5'), said)).toBe(plain);
    expect(await tokens(answer(1, { model: 'claude-sonnet-4-5' }), said)).toBeCloseTo(1.21 * plain, -1);
  });

  it('that branches off another knows it, and has its calls under the same ids', async () => {
    const first = await read(header('s1'), answer(4, {}, { id: 'e1' }));
    const branch = await read(
      header('s2', { parentSession: '/x/2026-03-01T10-00-00-000Z_s1-of-eight.jsonl' }),
      answer(4, {}, { id: 'e9' }),
      answer(8),
    );
    expect(branch.parentSessionId).toBe('s1-of-eight');
    expect(branch.calls.map(({ callId }) => callId)).toContain(first.calls[0]?.callId);
    expect(branch.calls).toHaveLength(2);
  });

  it.each([
    ['aborted', 'Request was aborted', 'aborted', 'aborted'],
    ['error', '429 {"type":"error"}', 'failed', '429'],
    ['error', '{"type":"error","error":{"type":"overloaded_error"}}', 'failed', 'overloaded_error'],
    ['error', 'terminated', 'failed', null],
  ])('tells an answer that ended with %s (%s) by its status', async (stopReason, errorMessage, status, type) => {
    const { calls, messages } = await read(header('s1'), answer(4, { stopReason, errorMessage }));
    expect(calls).toMatchObject([{ status, error: { type } }]);
    expect(messages).toMatchObject([{ isComplete: false }]);
  });

  it.each([
    [false, 'Operation aborted', 'ok', undefined],
    [true, 'Operation aborted', 'refused', 'aborted_by_user'],
    [true, 'out\n\nCommand aborted', 'refused', 'aborted_by_user'],
    [true, 'out\n\nCommand exited with code 2', 'failed', 'exit_code_2'],
    [true, 'Operation aborted it says in this text', 'failed', null],
  ])('tells a result (error: %s) of %j by its status', async (isError, text, status, type) => {
    const { tools } = await read(
      header('s1'),
      answer(4, { content: [{ type: 'toolCall', id: 't1', name: 'bash', arguments: { command: 'x' } }] }),
      entry(6, { role: 'toolResult', toolCallId: 't1', toolName: 'bash', content: [{ type: 'text', text }], isError }),
    );
    expect(tools).toMatchObject([{ name: 'bash', status, argumentCount: 1 }]);
    expect(tools[0]?.error?.type).toBe(type);
  });

  it('without its first line is known by the name of its file', async () => {
    const { documents } = await readText(`${answer(4)}\n`, {
      fileName: '/x/2026-03-01T10-00-00-000Z_11111111-2222.jsonl',
    });
    expect(documents[0]?.sessionId).toBe('11111111-2222');
  });

  it('names the model that answered, where the one that was asked only chose it', async () => {
    const chosen = { provider: 'openrouter', model: 'openrouter/auto', responseModel: 'anthropic/claude-sonnet-4.5' };
    const { calls } = await read(header('s1'), answer(4, chosen));
    expect(calls).toMatchObject([{ provider: 'openrouter', model: 'anthropic/claude-sonnet-4.5' }]);
  });

  const paid = (input: number, total: number, more: object = {}): object => ({
    usage: { input, output: 10, cacheRead: 0, cacheWrite: 0, cost: { total }, ...more },
  });
  const line = (type: string, at: number, more: object): string =>
    JSON.stringify({ type, id: `${type}-${at}`, timestamp: new Date(BEGIN + at * 1000).toISOString(), ...more });

  it('tells where it was summed up, and has what that took as a call of the model that the session asks', async () => {
    const { calls, compactions, messages } = await read(
      header('s1'),
      answer(4),
      line('compaction', 5, { summary: 'word '.repeat(50), tokensBefore: 150_000, ...paid(150_000, 0.5) }),
      line('branch_summary', 6, {
        summary: 'left',
        fromId: 'x',
        ...paid(300, 0.02, { cacheWrite: 8, cacheWrite1h: 8 }),
      }),
      line('compaction', 7, { summary: 'by an extension', tokensBefore: -1, fromHook: true, ...paid(7, 0.1) }),
      line('compaction', 8, { summary: 'of a version that tells nothing', tokensBefore: 90 }),
      line('compaction', 9, { summary: 'for nothing', ...paid(0, 0, { output: 0 }) }),
      answer(10),
    );
    expect(
      calls.map(({ provider, model, usage, reportedCostUsd }) => [provider, model, usage?.input, reportedCostUsd]),
    ).toEqual([
      ['gcp.gemini', 'gemini-3-pro', 9, '0.3'],
      ['gcp.gemini', 'gemini-3-pro', 150_000, '0.5'],
      ['gcp.gemini', 'gemini-3-pro', 308, '0.02'],
      [null, null, 7, '0.1'],
      ['gcp.gemini', 'gemini-3-pro', 9, '0.3'],
    ]);
    expect(calls[2]?.usage).toMatchObject({ cacheWrite5m: 0, cacheWrite1h: 8 });
    expect(compactions?.map(({ atMs, beforeTokens }) => [(Number(atMs) - BEGIN) / 1000, beforeTokens])).toEqual([
      [5, 150_000],
      [7, null],
      [8, 90],
      [9, null],
    ]);
    expect(compactions?.[0]?.summaryTokens).toBeGreaterThan(40);
    expect(messages).toHaveLength(2);
  });

  it('asks for a summary whom it would have asked next, not whom a router chose last', async () => {
    const chosen = { provider: 'openrouter', model: 'openrouter/auto', responseModel: 'anthropic/claude-sonnet-4.5' };
    const summary = line('compaction', 5, { summary: 'x', ...paid(100, 0.5) });
    const other = JSON.stringify({ type: 'model_change', provider: 'openai-codex', modelId: 'gpt-5' });
    const last = async (...lines: string[]): Promise<unknown> => {
      const { calls } = await read(header('s1'), answer(4, chosen), ...lines);
      return [calls.at(-1)?.provider, calls.at(-1)?.model];
    };
    expect(await last(summary)).toEqual(['openrouter', 'openrouter/auto']);
    expect(await last(other, summary)).toEqual(['openai', 'gpt-5']);
  });

  it('has what a tool asked of models as a call of that tool, once however often it was copied', async () => {
    const asked = answer(4, { content: [{ type: 'toolCall', id: 't1', name: 'subagent', arguments: {} }] });
    const result = { role: 'toolResult', toolCallId: 't1', toolName: 'subagent', content: 'done', isError: false };
    const given = entry(6, { ...result, ...paid(5000, 0.05) }, { id: 'e2' });
    const first = await read(header('s1'), asked, given);
    expect(first.calls).toMatchObject([
      { subagent: null },
      { subagent: 't1', model: null, usage: { input: 5000 }, reportedCostUsd: '0.05', atMs: BEGIN + 5500 },
    ]);
    expect(first.tools).toMatchObject([{ toolCallId: 't1', status: 'ok' }]);
    const branch = await read(header('s2'), asked, entry(6, { ...result, ...paid(5000, 0.05) }, { id: 'e9' }));
    expect(branch.calls[1]?.callId).toBe(first.calls[1]?.callId);
  });

  it('keeps a summary and a result whose own usage cannot be', async () => {
    const result = { role: 'toolResult', toolCallId: 't1', toolName: 'subagent', content: 'done', isError: false };
    const { documents, skipped } = await readText(
      [
        header('s1'),
        answer(4),
        line('compaction', 5, { summary: 's', tokensBefore: 9, ...paid(-1, 0.5) }),
        entry(6, { ...result, ...paid(-1, 0.5) }),
      ].join('\n'),
    );
    expect(skipped.map(({ line: number }) => number)).toEqual([3, 4]);
    expect(documents[0]).toMatchObject({ calls: [{}], compactions: [{ beforeTokens: 9 }], tools: [{ status: 'ok' }] });
    expect(documents[0]?.calls).toHaveLength(1);
  });

  it('with all that was paid beside it, read up to any line or in halves, is the same as read whole', async () => {
    const result = { role: 'toolResult', toolName: 'subagent', content: 'done', isError: false };
    const lines = [
      header('s1'),
      answer(4, {
        content: [{ type: 'toolCall', id: 'toolu_01AAAAAAAAAAAAAAAAAAAA', name: 'subagent', arguments: {} }],
      }),
      entry(5, { ...result, toolCallId: 'toolu_01AAAAAAAAAAAAAAAAAAAA', ...paid(5000, 0.05) }, { id: 'e5' }),
      line('compaction', 6, { summary: 'word '.repeat(50), tokensBefore: 150_000, ...paid(150_000, 0.5) }),
      answer(7, { ...paid(-1, 0.1) }, { id: 'e7' }),
      line('branch_summary', 8, { summary: 'left', ...paid(300, 0.02) }),
      answer(9, {}, { id: 'e9' }),
    ];
    const documents = async (of: readonly string[]): Promise<readonly SessionDocument[]> =>
      (await readText(`${of.join('\n')}\n`)).documents;
    const [whole] = await documents(lines);
    expect(whole?.calls.map(({ usage }) => usage?.input)).toEqual([9, 5000, 150_000, undefined, 300, 9]);
    for (let length = 2; length < lines.length; length++) {
      const [before] = await documents(lines.slice(0, length));
      expect(uniteDocuments(before as SessionDocument, whole as SessionDocument)).toEqual(whole);
      expect(uniteDocuments(whole as SessionDocument, before as SessionDocument)).toEqual(whole);
      const [after] = await documents([lines[0] ?? '', ...lines.slice(length)]);
      const both = uniteDocuments(after as SessionDocument, before as SessionDocument);
      // Whom a summary was asked of stands in the lines before it, and is not known in a half without them.
      expect(both.calls.map(({ callId, usage }) => [callId, usage])).toEqual(
        whole?.calls.map(({ callId, usage }) => [callId, usage]),
      );
      expect(both.compactions?.length).toBe(1);
    }
  });
});
