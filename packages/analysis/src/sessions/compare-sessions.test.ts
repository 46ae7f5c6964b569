import type { SessionDocument, SessionToolCall } from '@tracepost/contracts';
import { createPriceBook } from '@tracepost/pricing';
import { describe, expect, it } from 'vitest';
import { analyseSession } from './analyse-session.ts';
import { compareSessions } from './compare-sessions.ts';
import { DocumentMaker } from './make-document.ts';

const priceBook = createPriceBook({ undatedMs: 0 });
const side = (document: SessionDocument) => ({ document, analysis: analyseSession(document, { priceBook }) });

type Make = (maker: DocumentMaker) => void;
function compare(...runs: readonly [Make, Make]) {
  const [a, b] = runs.map((make, at) => {
    const maker = new DocumentMaker();
    maker.message('user', { text: 'Mend the test.' });
    make(maker);
    return side(maker.document({ sessionId: at === 0 ? 'a' : 'b' }));
  });
  return compareSessions(a as ReturnType<typeof side>, b as ReturnType<typeof side>);
}

/** A turn that calls a tool. */
const use = (maker: DocumentMaker, name: string, more: Parameters<DocumentMaker['tool']>[1] = {}): void => {
  const { callId } = maker.call();
  maker.message('assistant', { callId, text: `words that differ ${Math.random()}` });
  maker.tool(name, { callId, ...more });
  maker.message('tool');
};

describe('two runs side by side', () => {
  it('part where other arguments are given, with both sides as evidence', () => {
    const { commonSteps, divergence } = compare(
      (maker) => {
        use(maker, 'Read', { arguments: 'a.ts' });
        use(maker, 'Edit', { arguments: 'wrong', status: 'failed' });
        maker.turn();
      },
      (maker) => {
        use(maker, 'Read', { arguments: 'a.ts' });
        use(maker, 'Edit', { arguments: 'right' });
        use(maker, 'Bash', { arguments: 'npm test' });
        maker.turn();
      },
    );
    expect(commonSteps).toBe(2);
    expect(divergence).toEqual({
      step: 3,
      kind: 'arguments',
      a: {
        ...{ kind: 'tool', tool: 'Edit', status: 'failed', text: 'wrong', result: '' },
        evidence: { sessionId: 'a', kind: 'tool', id: 't8', atMs: 1_750_000_008_000 },
      },
      b: {
        ...{ kind: 'tool', tool: 'Edit', status: 'ok', text: 'right', result: '' },
        evidence: { sessionId: 'b', kind: 'tool', id: 't8', atMs: 1_750_000_008_000 },
      },
    });
  });

  const read: Make = (maker) => use(maker, 'Read');
  it.each<[string, Make, Make, string]>([
    ['another tool is called', read, (maker) => use(maker, 'Grep'), 'step'],
    ['one answers where the other calls', read, (maker) => maker.turn(), 'step'],
    ['the same call fails in one', read, (maker) => use(maker, 'Read', { status: 'failed' }), 'outcome'],
    [
      'the user asks for something else',
      (maker) => maker.message('user', { text: 'Now this.' }),
      (maker) => maker.message('user', { text: 'Now that.' }),
      'request',
    ],
  ])('part where %s', (_, one, other, kind) => {
    const { divergence, commonSteps } = compare(one, other);
    expect([divergence?.step, divergence?.kind, commonSteps]).toEqual([2, kind, 1]);
  });

  it('part in what was done at the first other call of a tool, whatever users, answers and plans say in between', () => {
    const make =
      (words: string, plans: number, last: Partial<SessionToolCall>): Make =>
      (maker) => {
        maker.message('user', { text: words });
        for (let plan = 0; plan < plans; plan++) use(maker, 'TodoWrite', { arguments: words });
        use(maker, 'Read', { arguments: 'a.ts', result: words });
        maker.message('assistant', { text: words });
        maker.message('user', { text: `${words} then` });
        use(maker, 'Edit', { arguments: 'b.ts', ...last });
        use(maker, 'Bash', { arguments: words });
      };
    const { divergence, commonToolCalls, toolDivergence } = compare(
      make('Book it.', 0, { status: 'failed' }),
      make('Please book the flight.', 2, {}),
    );
    expect(divergence).toMatchObject({ step: 2, kind: 'request' });
    expect(commonToolCalls).toBe(1);
    expect(toolDivergence).toMatchObject({ step: 2, kind: 'outcome', a: { tool: 'Edit' }, b: { tool: 'Edit' } });
    const same = compare(make('Book it.', 1, {}), make('Book it.', 0, {}));
    expect([same.commonToolCalls, same.toolDivergence]).toEqual([3, null]);
  });

  it('part where one had ended', () => {
    const { divergence } = compare(read, (maker) => [read, read].forEach((make) => void make(maker)));
    expect(divergence).toMatchObject({ step: 3, kind: 'step', a: null, b: { tool: 'Read' } });
  });

  it('do not part by words, plans and texts of results, which are told all the same', () => {
    const { divergence, commonSteps, lesserDifferences } = compare(
      (maker) => {
        use(maker, 'TodoWrite', { arguments: 'first read' });
        use(maker, 'Read', { result: 'took 12 ms' });
        maker.message('user', { text: 'Go  on.\n' });
        maker.message('assistant', { text: 'Done.' });
      },
      (maker) => {
        use(maker, 'TodoWrite', { arguments: 'read it first' });
        use(maker, 'Read', { result: 'took 13 ms' });
        maker.message('user', { text: 'Go on.' });
        maker.message('assistant', { text: 'It is done.' });
      },
    );
    expect([divergence, commonSteps]).toEqual([null, 5]);
    expect(lesserDifferences.map(({ step, kind }) => [step, kind])).toEqual([
      [2, 'wording'],
      [3, 'result'],
      [5, 'wording'],
    ]);
  });

  it('are told apart by what a subagent did only in the figures', () => {
    const { divergence, figures } = compare(read, (maker) => {
      read(maker);
      maker.tool('Bash', { subagent: 'other', status: 'failed' });
    });
    expect(divergence).toBeNull();
    expect(figures.find(({ name }) => name === 'toolCalls')).toMatchObject({ a: 1, b: 2, difference: 1 });
  });

  it('have their figures beside each other, unknown ones as unknown', () => {
    const { figures, tools } = compare(
      (maker) =>
        maker.call({ usage: { input: 100, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 1, reasoning: 0 } }),
      (maker) => use(maker, 'Bash', { status: 'failed' }),
    );
    const figure = (name: string) => figures.find((one) => one.name === name);
    expect(figure('failedToolCalls')).toEqual({ name: 'failedToolCalls', unit: '{call}', a: 0, b: 1, difference: 1 });
    expect(figure('medianResponseTime')).toMatchObject({ a: null, b: null, difference: null });
    expect(tools).toEqual([{ name: 'Bash', a: { count: 0, failed: 0 }, b: { count: 1, failed: 1 } }]);
  });

  it('say which one succeeded: by its own word, else by how it ended', () => {
    const [failed, ended] = [new DocumentMaker(), new DocumentMaker()];
    failed.turn();
    ended.turn();
    const outcome = { succeeded: false, detail: 'reward 0' };
    const { a, b } = compareSessions(side(failed.document({ outcome })), side(ended.document()));
    expect([a, b]).toMatchObject([
      { succeeded: false, succeededBy: 'outcome' },
      { succeeded: true, succeededBy: 'ending' },
    ]);
  });
});
