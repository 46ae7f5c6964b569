import type { PatternFinding, SessionToolCall } from '@tracepost/contracts';
import { describe, expect, test } from 'vitest';
import { DocumentMaker } from '../sessions/make-document.ts';
import { findPatterns } from './find-patterns.ts';

const failed: Partial<SessionToolCall> = { status: 'failed', error: { type: null, message: 'it did not work' } };
const command = (line: string): Partial<SessionToolCall> => ({ arguments: JSON.stringify({ command: line }) });
const file = (path: string): Partial<SessionToolCall> => ({ arguments: JSON.stringify({ file_path: path }) });
const find = (maker: DocumentMaker, name: string): PatternFinding | undefined =>
  findPatterns(maker.document()).find(({ pattern }) => pattern === name);

describe('retry', () => {
  test('is the same call, or nearly the same, directly after its failure', () => {
    const maker = new DocumentMaker();
    maker.tool('Bash', { ...command('npm install --no-audit left-pad'), ...failed });
    const again = maker.tool('Bash', command('npm install --no-audit left-pads'));
    expect(find(maker, 'retry')).toMatchObject({ count: 1, evidence: [{ kind: 'tool', id: again.toolCallId }] });
  });

  test('is a model that is asked again after an error', () => {
    const maker = new DocumentMaker();
    maker.call({ status: 'failed', error: { type: '529', message: 'Overloaded' } });
    const again = maker.call();
    expect(find(maker, 'retry')).toMatchObject({ count: 1, evidence: [{ kind: 'call', id: again.callId }] });
  });

  test('is not the same call after a success, nor after a refusal', () => {
    const maker = new DocumentMaker();
    maker.tool('Bash', command('date'));
    maker.tool('Bash', { ...command('date'), status: 'refused' });
    maker.tool('Bash', command('date'));
    expect(find(maker, 'retry')).toBeUndefined();
  });
});

describe('fallback', () => {
  test('is another tool for the same file', () => {
    const maker = new DocumentMaker();
    maker.tool('Read', { ...file('/app/src/main.ts'), ...failed });
    const other = maker.tool('Bash', command('cat /app/src/main.ts'));
    expect(find(maker, 'fallback')).toMatchObject({ count: 1, evidence: [{ id: other.toolCallId }] });
  });

  test('is another program that does the same', () => {
    const maker = new DocumentMaker();
    maker.tool('Bash', { ...command('wget -q https://example.org/data.tar.gz -O data.tar.gz'), ...failed });
    maker.tool('Bash', command('curl -sSL https://example.org/data.tar.gz > /tmp/data.tar.gz'));
    expect(find(maker, 'fallback')).toMatchObject({ count: 1 });
  });

  test('is another model after an error', () => {
    const maker = new DocumentMaker();
    maker.call({ status: 'failed', error: { type: '429', message: 'no' }, model: 'claude-opus-4-5' });
    const other = maker.call({ model: 'claude-sonnet-4-5' });
    expect(find(maker, 'fallback')).toMatchObject({ count: 1, evidence: [{ kind: 'call', id: other.callId }] });
  });

  test('is neither another aim, nor what was asked for at once with what failed, nor what a user asks for', () => {
    const another = new DocumentMaker();
    another.tool('Read', { ...file('/app/a.ts'), ...failed });
    another.tool('Bash', command('npm test'));
    expect(find(another, 'fallback')).toBeUndefined();
    const created = new DocumentMaker();
    created.tool('Read', { ...file('/app/src/main.ts'), ...failed });
    created.tool('Bash', command('touch /app/src/main.ts'));
    expect(find(created, 'fallback')).toBeUndefined();
    const atOnce = new DocumentMaker();
    const { callId } = atOnce.turn();
    atOnce.tool('Read', { ...file('/app/a.ts'), ...failed, callId });
    atOnce.tool('Bash', { ...command('cat /app/a.ts'), callId });
    expect(find(atOnce, 'fallback')).toBeUndefined();
    const asked = new DocumentMaker();
    asked.tool('Read', { ...file('/app/a.ts'), ...failed });
    asked.message('user', { text: 'use cat' });
    asked.tool('Bash', command('cat /app/a.ts'));
    expect(find(asked, 'fallback')).toBeUndefined();
  });
});

describe('clarification', () => {
  test('is a question of the assistant that the user answers', () => {
    const maker = new DocumentMaker();
    maker.message('user', { text: 'Make it faster?' });
    const question = maker.message('assistant', { text: 'There are two services.\n\nWhich of them do you mean?' });
    maker.message('user', { text: 'the second' });
    expect(find(maker, 'clarification')).toMatchObject({
      count: 1,
      evidence: [{ kind: 'message', id: question.messageId }],
      example: 'Which of them do you mean?',
    });
  });

  test('is a tool that asks and was answered', () => {
    const maker = new DocumentMaker();
    maker.tool('AskUserQuestion', { result: 'blue' });
    maker.tool('AskUserQuestion', { status: 'refused' });
    expect(find(maker, 'clarification')).toMatchObject({ count: 1 });
  });

  test.each([
    ['a statement', 'I am done.', true],
    ['a question that stands before the work', 'What does it do? Let me look.', true],
    ['mere politeness', 'It is booked. Is there anything else I can help you with?', true],
    ['a turn that was cut off', 'Which one?', false],
  ])('is not %s', (_what, text, isComplete) => {
    const maker = new DocumentMaker();
    maker.message('assistant', { text, isComplete });
    maker.message('user', { text: 'go on' });
    expect(find(maker, 'clarification')).toBeUndefined();
  });

  test('is not a question that nobody answered, nor one that the assistant went on after', () => {
    const maker = new DocumentMaker();
    maker.message('assistant', { text: 'Why does it fail?' });
    maker.tool('Bash', command('npm test'));
    maker.message('user', { text: 'stop' });
    maker.message('assistant', { text: 'Shall I stop?' });
    expect(find(maker, 'clarification')).toBeUndefined();
  });
});

describe('exploration', () => {
  test('is looking around before the first change', () => {
    const maker = new DocumentMaker();
    maker.tool('Glob', file('**/*.ts'));
    maker.tool('Read', file('/app/a.ts'));
    maker.tool('Bash', command('git log --oneline | head -20'));
    maker.tool('Edit', file('/app/a.ts'));
    for (let at = 0; at < 5; at++) maker.tool('Read', file(`/app/${at}.ts`));
    const finding = find(maker, 'exploration');
    expect(finding).toMatchObject({ count: 1 });
    expect(finding?.evidence.map(({ id }) => id)).toEqual(maker.tools.slice(0, 3).map(({ toolCallId }) => toolCallId));
  });

  test.each([
    ['for f in *.md; do head -5 "$f"; done', true],
    ['if [ -f a.log ]; then tail a.log; fi', true],
    ['while read -r name; do grep -n "$name" src/a.ts; done < names', true],
    ['for f in *.md; do rm "$f"; done', false],
    ['for f in *.test.ts; do npx vitest run "$f"; done', false],
    ['exit 1', false],
  ])('in a loop or a condition is what runs in it: %s', (line, looks) => {
    const maker = new DocumentMaker();
    for (let at = 0; at < 2; at++) maker.tool('Read', file(`/app/${at}.ts`));
    maker.tool('Bash', command(line));
    expect(find(maker, 'exploration') !== undefined).toBe(looks);
  });

  test('is not two looks, nor a run that a change or other work breaks', () => {
    const maker = new DocumentMaker();
    maker.tool('Read', file('/app/a.ts'));
    maker.tool('Read', file('/app/b.ts'));
    maker.tool('Bash', command('npm test'));
    maker.tool('Read', file('/app/c.ts'));
    maker.tool('Bash', command("sed -i 's/a/b/' c.ts"));
    for (let at = 0; at < 5; at++) maker.tool('Read', file(`/app/${at}.ts`));
    expect(find(maker, 'exploration')).toBeUndefined();
  });

  test('is told for each subagent by itself', () => {
    const maker = new DocumentMaker();
    for (const subagent of ['one', 'two', null])
      for (let at = 0; at < 3; at++) maker.tool('Grep', { ...file(`/${at}`), subagent });
    expect(find(maker, 'exploration')).toMatchObject({ count: 3 });
  });
});
