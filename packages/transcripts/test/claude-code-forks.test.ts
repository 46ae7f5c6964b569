import type { SessionDocument } from '@tracepost/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';
import { answerLine, resultLine, toolUse, userLine } from './claude-lines.ts';

const FORK = 'acompact-0123456789abcdef';
const HELPER = 'a9876543210fedcba';

const MAIN = [
  userLine({ uuid: 'u1' }),
  answerLine({ uuid: 'a1', parent: 'u1', at: 1, id: 'msg_1', blocks: [toolUse('toolu_01_of_the_main_agent')] }),
  resultLine({ uuid: 'r1', parent: 'a1', at: 2, tool: 'toolu_01_of_the_main_agent' }),
  userLine({ uuid: 'b1', parent: 'r1', at: 3, more: { type: 'system', subtype: 'compact_boundary' } }),
  answerLine({ uuid: 'a2', parent: 'b1', at: 4, id: 'msg_2' }),
  answerLine({ uuid: 'a3', parent: 'a2', at: 5, id: 'msg_2', output: 9 }),
];
const WORK = [
  userLine({ uuid: 'h1', at: 6, text: 'look around' }),
  answerLine({ uuid: 'h2', parent: 'h1', at: 7, id: 'msg_h', blocks: [toolUse('toolu_02_of_the_subagent')] }),
  resultLine({ uuid: 'h3', parent: 'h2', at: 8, tool: 'toolu_02_of_the_subagent' }),
];
const SUMMING = [
  userLine({ uuid: 'f1', parent: 'a3', at: 9, text: 'sum it up' }),
  answerLine({ uuid: 'f2', parent: 'f1', at: 10, id: 'msg_f' }),
];

/** As the file of a subagent has them; without an id as the main file of an old version has them. */
function told(lines: readonly string[], agentId?: string): readonly string[] {
  return lines.map((line) => JSON.stringify({ ...JSON.parse(line), isSidechain: true, agentId }));
}

describe('a fork of Claude Code that repeats what was said before it', () => {
  it('leaves the conversation to the main agent, and keeps what is its own', async () => {
    const document = united(await read(MAIN), await read(told([...MAIN, ...SUMMING], FORK)));
    const main = await read(MAIN);
    expect(byAgent(document)).toEqual({ ...byAgent(main), [FORK]: ['f1', 'msg_f', 'msg_f'] });
    expect(document.compactions).toEqual(main.compactions);
  });

  it('leaves to a subagent what that did', async () => {
    const document = united(await read(told(WORK, HELPER)), await read(told([...WORK, ...SUMMING], FORK)));
    expect(Object.keys(byAgent(document)).sort()).toEqual([HELPER, FORK].sort());
    expect(byAgent(document)[FORK]).toEqual(['f1', 'msg_f', 'msg_f']);
  });

  it('leaves the conversation to the main agent too where it is a subagent that began with it', async () => {
    const document = united(await read(MAIN), await read(told([...MAIN, ...WORK], HELPER)));
    expect(byAgent(document)).toEqual({
      ...byAgent(await read(MAIN)),
      [HELPER]: byAgent(await read(told(WORK, 'x'))).x,
    });
  });
});

describe('a subagent of Claude Code', () => {
  it('keeps what it did where the main file holds its lines too, with or without its name', async () => {
    const own = await read(told(WORK, HELPER));
    for (const name of [undefined, HELPER]) {
      const document = united(await read([...MAIN, ...told(WORK, name)]), own);
      expect(byAgent(document)).toEqual({ ...byAgent(await read(MAIN)), ...byAgent(own) });
    }
  });
});

describe('the files of a session of Claude Code', () => {
  it('say the same in any order, split anywhere', async () => {
    const lines = [
      ...MAIN,
      ...told(WORK),
      ...told(WORK, HELPER),
      ...told([...MAIN, ...SUMMING], FORK),
      ...told([...WORK, ...SUMMING], 'aprompt_suggestion-0a1b2c'),
    ];
    const whole = await read(lines);
    expect(Object.keys(byAgent(whole)).sort()).toEqual([HELPER, 'aprompt_suggestion-0a1b2c', 'null'].sort());
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(3), { minLength: lines.length, maxLength: lines.length }), async (files) => {
        const parts: SessionDocument[] = [];
        for (const file of [2, 0, 3, 1]) {
          const own = lines.filter((line, index) => !line.includes('compact_boundary') && files[index] === file);
          if (own.length > 0) parts.push(await read([...own, ...lines.filter((line) => line.includes('boundary'))]));
        }
        expect(byAgent(parts.reduce(uniteDocuments))).toEqual(byAgent(whole));
        expect(byAgent(parts.reduceRight(uniteDocuments))).toEqual(byAgent(whole));
        expect(byAgent(await read(lines.toSorted((one, other) => place(one) - place(other))))).toEqual(byAgent(whole));

        function place(line: string): number {
          return files[lines.indexOf(line)] ?? 0;
        }
      }),
    );
  });
});

async function read(lines: readonly string[]): Promise<SessionDocument> {
  const { documents } = await readText(`${lines.join('\n')}\n`);
  expect(documents).toHaveLength(1);
  return documents[0] as SessionDocument;
}

/** In either order. */
function united(one: SessionDocument, other: SessionDocument): SessionDocument {
  const document = uniteDocuments(one, other);
  expect(uniteDocuments(other, one)).toEqual(document);
  return document;
}

/** The ids of all entries of each agent. */
function byAgent({ messages, calls, tools, compactions = [] }: SessionDocument): Record<string, string[]> {
  const ids: Record<string, string[]> = {};
  const add = (subagent: string | null, id: string): void => {
    ids[String(subagent)] = [...(ids[String(subagent)] ?? []), id];
  };
  for (const { subagent, messageId } of messages) add(subagent, messageId);
  for (const { subagent, callId } of calls) add(subagent, callId);
  for (const { subagent, toolCallId } of tools) add(subagent, toolCallId);
  for (const { subagent, compactionId } of compactions) add(subagent, compactionId);
  return ids;
}
