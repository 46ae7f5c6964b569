import type { SessionDocument } from '@tracepost/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';
import { codexLine, countLine, eventLine, itemLine, metaLine, SELF, saidLine, tokensOf } from './codex-lines.ts';

/** What a build writes besides the conversation. */
interface Build {
  readonly hasRecords: boolean;
  readonly hasCounts: boolean;
  readonly hasTasks: boolean;
}

interface Answer {
  readonly thinks: boolean;
  readonly tools: number;
  readonly isCountedLate: boolean;
  /** A call that is no answer, before this one. */
  readonly isJudged: boolean;
  readonly sumsUpAfter: 'not' | 'uncounted' | 'counted';
}

interface Asked {
  readonly answers: readonly Answer[];
  readonly end: 'answered' | 'failed' | 'aborted' | 'broken off';
  readonly tellsFailure: 'at once' | 'at the end' | 'both';
}

const anyAnswer: fc.Arbitrary<Answer> = fc.record({
  thinks: fc.boolean(),
  tools: fc.nat(2),
  isCountedLate: fc.boolean(),
  isJudged: fc.boolean(),
  sumsUpAfter: fc.constantFrom('not', 'not', 'uncounted', 'counted'),
});

const anySession: fc.Arbitrary<readonly Asked[]> = fc.array(
  fc.record({
    answers: fc.array(anyAnswer, { minLength: 1, maxLength: 3 }),
    end: fc.constantFrom('answered', 'answered', 'failed', 'aborted', 'broken off'),
    tellsFailure: fc.constantFrom('at once', 'at the end', 'both'),
  }),
  { minLength: 1, maxLength: 3 },
);

/** The lines of a session, each some seconds after the one before. */
class Written {
  readonly lines: string[] = [];
  readonly #build: Build;
  #at = 0;
  #ids = 0;
  #input = 0;
  #output = 0;

  constructor(build: Build, session: readonly Asked[]) {
    this.#build = build;
    this.#add((at) => metaLine(SELF, {}, at));
    this.#add((at) => codexLine('turn_context', at, { cwd: '/w', model: 'gpt-5.6' }));
    for (const asked of session) this.#asked(asked);
  }

  #asked({ answers, end, tellsFailure }: Asked): void {
    const { hasCounts, hasTasks } = this.#build;
    const error = { message: this.#id('no_') };
    if (hasTasks) this.#add((at) => eventLine('task_started', { turn_id: 't' }, at));
    this.#add((at) => saidLine('user', this.#id('asked_'), at));
    for (const [index, answer] of answers.entries())
      this.#answer(answer, index < answers.length - 1 || end === 'answered');
    if (end === 'aborted') this.#add((at) => eventLine('turn_aborted', {}, at));
    // Where neither an error nor the end of a task tells that its count will not come, a first answer is taken for one of a build that counts none.
    const isFailure = end === 'failed' || (end === 'broken off' && hasCounts && !hasTasks);
    if (isFailure && (!hasTasks || tellsFailure !== 'at the end')) this.#add((at) => eventLine('error', error, at));
    if (!hasTasks || end === 'aborted' || end === 'broken off') return;
    const told = isFailure && tellsFailure !== 'at once' ? { error } : {};
    this.#add((at) => eventLine('task_complete', { turn_id: 't', ...told }, at));
  }

  #answer({ thinks, tools, isCountedLate, isJudged, sumsUpAfter }: Answer, isWhole: boolean): void {
    if (isJudged) this.#record(this.#id('resp_judge_'), this.#tokens(20));
    if (thinks) this.#add((at) => itemLine('reasoning', { id: this.#id('rs_'), encrypted_content: 'x' }, at));
    const ids = Array.from({ length: tools }, () => this.#id('call_of_a_command_'));
    if (tools === 0) this.#add((at) => saidLine('assistant', this.#id('said_'), at));
    for (const call_id of ids)
      this.#add((at) => itemLine('function_call', { name: 'shell', arguments: '{}', call_id }, at));
    if (!isWhole) return;
    const tokens = this.#tokens(100);
    this.#record(this.#id('resp_'), tokens);
    if (!isCountedLate) this.#count(tokens);
    for (const call_id of ids) this.#add((at) => itemLine('function_call_output', { call_id, output: 'a' }, at));
    if (isCountedLate) this.#count(tokens);
    if (sumsUpAfter === 'not') return;
    const [compaction_response_id, summary] = [this.#id('resp_compaction_'), this.#tokens(900)];
    this.#record(compaction_response_id, summary);
    const told = this.#build.hasRecords ? { compaction_response_id } : {};
    this.#add((at) => codexLine('compacted', at, { message: compaction_response_id, ...told }));
    if (sumsUpAfter === 'counted') this.#count(summary);
  }

  /** No two calls of a session take the same. */
  #tokens(about: number): readonly [number, number] {
    this.#ids++;
    return [about * 1000 + this.#ids, this.#ids];
  }

  #record(response_id: string, tokens: readonly [number, number]): void {
    const usage = tokensOf(...tokens);
    if (this.#build.hasRecords) this.#add((at) => codexLine('token_usage_record', at, { response_id, usage }));
  }

  #count([input, output]: readonly [number, number]): void {
    if (!this.#build.hasCounts) return;
    this.#input += input;
    this.#output += output;
    this.#add((at) => countLine(tokensOf(this.#input, this.#output), tokensOf(input, output), at));
  }

  #id(word: string): string {
    return `${word}${String(++this.#ids).padStart(12, '0')}`;
  }

  #add(line: (at: number) => string): void {
    this.#at += 3;
    this.lines.push(line(this.#at));
  }
}

async function read(lines: readonly string[]): Promise<SessionDocument | undefined> {
  const { documents, skipped } = await readText(lines.join('\n'), { fileName: `rollout-${SELF}.jsonl` });
  expect(skipped).toEqual([]);
  return documents[0];
}

const calls = (document: SessionDocument | undefined): readonly unknown[] =>
  (document?.calls ?? []).map(({ callId, status, usage, error }) => ({ callId, status, input: usage?.input, error }));

describe.each<[string, Build]>([
  ['records, counts and tasks', { hasRecords: true, hasCounts: true, hasTasks: true }],
  ['counts and tasks', { hasRecords: false, hasCounts: true, hasTasks: true }],
  ['counts', { hasRecords: false, hasCounts: true, hasTasks: false }],
  ['tasks', { hasRecords: false, hasCounts: false, hasTasks: true }],
  ['nothing of all that', { hasRecords: false, hasCounts: false, hasTasks: false }],
])('a session of a build of Codex that writes %s', (_name, build) => {
  it('is the same read in pieces, and with lines that come twice', async () => {
    await fc.assert(
      fc.asyncProperty(anySession, async (session) => {
        const { lines } = new Written(build, session);
        const whole = await read(lines);
        for (let length = 2; length < lines.length; length++) {
          const before = await read(lines.slice(0, length));
          if (!before || !whole) continue;
          expect(uniteDocuments(before, whole), `after ${length} lines`).toEqual(whole);
          expect(uniteDocuments(whole, before), `after ${length} lines`).toEqual(whole);
        }
        expect(calls(await read(lines.flatMap((line) => [line, line])))).toEqual(calls(whole));
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe('a session of Codex with records', () => {
  const build = { hasRecords: true, hasCounts: true, hasTasks: true };
  const answer: Answer = { thinks: false, tools: 1, isCountedLate: false, isJudged: false, sumsUpAfter: 'not' };
  const asked: Asked = { answers: [answer, { ...answer, tools: 0 }], end: 'answered', tellsFailure: 'both' };

  it('has all other calls also where the count of one is damaged', async () => {
    const { lines } = new Written(build, [asked, asked, asked]);
    const whole = calls(await read(lines));
    const counts = lines.flatMap((line, index) => (line.includes('"token_count"') ? [index] : []));
    expect([whole.length, counts.length]).toEqual([6, 6]);
    for (const index of counts) expect(calls(await read(lines.toSpliced(index, 1)))).toEqual(whole);
    expect(calls(await read(lines.toSpliced(counts[2] ?? 0, 1).toSpliced(counts[1] ?? 0, 1)))).toEqual(whole);
  });

  it('has each call once, also where all of very many lines come again', async () => {
    const { lines } = new Written(build, Array(12).fill(asked));
    const whole = calls(await read(lines));
    expect(whole).toHaveLength(24);
    expect(calls(await read([...lines, ...lines]))).toEqual(whole);
  });
});
