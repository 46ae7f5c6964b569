import type {
  SessionDocument,
  SessionMessage,
  SessionModelCall,
  SessionToolCall,
  TokenUsage,
} from '@tracepost/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReadOptions, uniteDocuments } from '../src/index.ts';
import { readText } from './bytes.ts';
import { answerLine, resultLine, toolUse, userLine } from './claude-lines.ts';

describe('two documents of one session, united,', () => {
  it('say the same in any order, any grouping, any number of times', () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, anyDocument, (...drafts) => {
        // In the form in which a reader gives them: in order, and each message made of its parts.
        const [a, b, c] = drafts.map((draft) => uniteDocuments(draft, draft)) as unknown as Three;
        const ab = uniteDocuments(a, b);
        expect(uniteDocuments(b, a)).toEqual(ab);
        expect(uniteDocuments(ab, b)).toEqual(ab);
        expect(uniteDocuments(ab, ab)).toEqual(ab);
        expect(uniteDocuments(ab, c)).toEqual(uniteDocuments(a, uniteDocuments(b, c)));
      }),
      { numRuns: 300 },
    );
  });

  it('are never of two sessions', async () => {
    const {
      documents: [one],
    } = await readText(userLine({ uuid: 'u', session: 'one' }));
    const {
      documents: [two],
    } = await readText(userLine({ uuid: 'u', session: 'two' }));
    expect(() => uniteDocuments(one as SessionDocument, two as SessionDocument)).toThrow(/two sessions/);
  });
});

describe('a transcript of Claude Code', () => {
  it('cut after any line, and then whole, is the same as whole', async () => {
    await fc.assert(
      fc.asyncProperty(anyTranscript, fc.nat(), async (lines, where) => {
        const whole = await read(lines);
        const prefix = await read(lines.slice(0, 1 + (where % lines.length)));
        expect(uniteDocuments(prefix, whole)).toEqual(whole);
        expect(uniteDocuments(whole, prefix)).toEqual(whole);
      }),
    );
  });

  it('split into any files, read in any order, is the same as whole', async () => {
    await fc.assert(
      fc.asyncProperty(anyTranscript, fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }), async (lines, files) => {
        const whole = await read(lines);
        const parts: SessionDocument[] = [];
        for (const file of [2, 0, 3, 1]) {
          const own = lines.filter((line, index) => {
            // A file of nothing but attachments is no session; each goes where the line after it goes.
            const place = line.includes('"type":"attachment"') ? index + 1 : index;
            return files[place % files.length] === file;
          });
          if (own.length > 0) parts.push(await read(own));
        }
        const [first = whole, ...others] = parts;
        expect(others.reduce(uniteDocuments, first)).toEqual(whole);
      }),
    );
  });

  it('of which earlier entries lie packed is the same, with its lines in any order and some of them told twice', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyTranscript,
        fc.nat(12),
        fc.infiniteStream(fc.nat()),
        async (lines, unpackedEntries, places) => {
          const told = [...lines, ...lines.filter((_, index) => index % 3 === 0)]
            .map((line) => ({ line, place: places.next().value ?? 0 }))
            .sort((one, other) => one.place - other.place)
            .map(({ line }) => line);
          for (const ordered of [lines, told]) {
            expect(await read(ordered, { unpackedEntries })).toEqual(await read(ordered));
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('of which a line is damaged has everything else', async () => {
    await fc.assert(
      fc.asyncProperty(anyTranscript, fc.nat(), async (lines, where) => {
        const index = 1 + (where % (lines.length - 1));
        const whole = await read(lines);
        const {
          documents: [damaged],
          skipped,
        } = await readText(
          lines
            .map((line, number) => (number === index ? line.slice(0, -9) : line))
            .join('\n')
            .concat('\n'),
        );
        expect(skipped.map(({ line }) => line)).toEqual([index + 1]);
        const own = JSON.parse(lines[index] ?? '').message.id;
        const others = ({ calls }: SessionDocument): unknown =>
          calls
            .filter(({ callId }) => callId !== own)
            .map(({ callId, usage, atMs, status, model }) => ({ callId, usage, atMs, status, model }));
        expect(others(damaged as SessionDocument)).toEqual(others(whole));
      }),
    );
  });
});

type Three = readonly [SessionDocument, SessionDocument, SessionDocument];

async function read(lines: readonly string[], options?: ReadOptions): Promise<SessionDocument> {
  const { documents } = await readText(`${lines.join('\n')}\n`, options);
  expect(documents).toHaveLength(1);
  return documents[0] as SessionDocument;
}

/** Turns of the assistant in one to four lines, some with tools and their results, some of the lines of the same second. */
const anyTranscript = fc
  .array(
    fc.record({
      lines: fc.integer({ min: 1, max: 4 }),
      outputs: fc.array(fc.nat(500), { minLength: 4, maxLength: 4 }),
      tool: fc.boolean(),
      isError: fc.boolean(),
      isInterrupted: fc.boolean(),
      pause: fc.integer({ min: 1, max: 100 }),
      text: fc.string({ maxLength: 2500, unit: fc.constantFrom('word ', 'größer ', '🎈') }),
      attachment: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((turns) => {
    const lines: string[] = [userLine({ uuid: 'u0' })];
    let [parent, at] = ['u0', 0];
    for (const [turn, shape] of turns.entries()) {
      at += shape.pause;
      if (shape.attachment) {
        lines.push(userLine({ uuid: `x${turn}`, parent, at }).replace('"type":"user"', '"type":"attachment"'));
        parent = `x${turn}`;
      }
      for (let part = 0; part < shape.lines; part++) {
        at += 1;
        const isLast = part === shape.lines - 1;
        const uuid = `a${turn}-${part}`;
        const blocks =
          isLast && shape.tool
            ? [toolUse(`t${turn}`, 'Read', { path: shape.text.slice(0, 100), turn })]
            : [{ type: 'text', text: `${part} ${shape.text}` }];
        const output = shape.outputs[part] ?? 0;
        lines.push(
          answerLine({ uuid, parent, at, id: `msg_${turn}`, output, blocks, stopReason: isLast ? 'end_turn' : null }),
        );
        parent = uuid;
      }
      at += 1;
      if (shape.tool) {
        lines.push(
          resultLine({ uuid: `r${turn}`, parent, at, tool: `t${turn}`, text: shape.text, isError: shape.isError }),
        );
        parent = `r${turn}`;
      }
      at += 1;
      if (shape.isInterrupted) {
        lines.push(userLine({ uuid: `i${turn}`, parent: `a${turn}-0`, at, text: '[Request interrupted by user]' }));
        parent = `i${turn}`;
      }
    }
    lines.push(userLine({ uuid: 'end', parent, at: at + 1, text: 'thanks' }));
    return lines;
  });

const few = (prefix: string): fc.Arbitrary<string> =>
  fc.constantFrom('a', 'b', 'c').map((letter) => `${prefix}-${letter}`);
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { freq: 2 });
const words = fc.constantFrom('', 'some', 'some more', 'others');
const time = maybe(fc.constantFrom(10, 20, 30));
const entry = {
  atMs: time,
  sequence: fc.nat(2),
  subagent: maybe(fc.constantFrom('sidechain', 'helper', 'other', 'acompact-0a1b2c')),
};

const anyUsage: fc.Arbitrary<TokenUsage> = fc
  .tuple(fc.nat(9), fc.nat(9))
  .map(([input, output]) => ({ input, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output, reasoning: 0 }));

const anyMessage: fc.Arbitrary<SessionMessage> = fc
  .record({
    messageId: few('m'),
    ...entry,
    role: fc.constantFrom('user', 'assistant', 'tool'),
    estimatedTokens: fc.nat(5),
    callId: maybe(few('c')),
    toolCallId: maybe(few('t')),
    isComplete: fc.boolean(),
    cuts: fc.boolean(),
    pieces: fc.uniqueArray(
      fc.record({ partId: few('p'), atMs: time, sequence: fc.nat(2), text: words, extra: fc.nat(3) }),
      {
        selector: ({ partId }) => partId,
        maxLength: 3,
      },
    ),
  })
  .map(({ pieces, cuts, ...message }) => {
    // What a line cuts off is the same wherever the line is found. So is whether a message has parts.
    const cutsOff = cuts ? { cutsOff: { 'm-a': 'p-b', 'm-b': 'm-a', 'm-c': 'p-a' }[message.messageId] ?? null } : {};
    if (message.messageId === 'm-a') return { ...message, text: 'alone', characters: 5, ...cutsOff };
    const parts = pieces.map(({ text, extra, ...part }) => ({
      ...part,
      kept: text.length,
      characters: text.length + extra,
      estimatedTokens: extra,
    }));
    const text = pieces.flatMap((piece) => piece.text || []).join('\n');
    return { ...message, text, characters: text.length, parts, ...cutsOff };
  });

const error = maybe(fc.record({ type: maybe(words), message: words }));

const anyCall: fc.Arbitrary<SessionModelCall> = fc.record({
  callId: few('c'),
  ...entry,
  provider: maybe(words),
  model: maybe(words),
  askedAtMs: time,
  askedBy: maybe(fc.oneof(few('m'), few('p'), few('x'))),
  beganAtMs: time,
  status: fc.constantFrom('ok', 'failed', 'aborted'),
  error,
  stopReason: maybe(words),
  usage: maybe(anyUsage),
  rawUsage: maybe(words),
  besides: fc.constant([]),
  reportedCostUsd: maybe(fc.constantFrom('1', '2')),
  serviceTier: maybe(words),
  contextWindow: maybe(fc.nat(3)),
});

const anyTool: fc.Arbitrary<SessionToolCall> = fc.record({
  toolCallId: few('t'),
  ...entry,
  name: fc.constantFrom('unknown', 'Read', 'Bash'),
  callId: maybe(few('c')),
  startedAtMs: time,
  endedAtMs: time,
  status: fc.constantFrom('ok', 'failed', 'refused', 'pending'),
  arguments: words,
  argumentsHash: words,
  argumentBytes: fc.nat(3),
  argumentCount: fc.nat(3),
  resultBytes: maybe(fc.nat(3)),
  result: maybe(words),
  error,
});

const anyDocument: fc.Arbitrary<SessionDocument> = fc
  .record({
    sessionId: fc.constant('s'),
    format: fc.constant('claude-code' as const),
    agentId: words,
    parentSessionId: maybe(words),
    title: maybe(words),
    outcome: maybe(fc.record({ succeeded: maybe(fc.boolean()), detail: maybe(words) })),
    facts: fc.dictionary(fc.constantFrom('cwd', 'version'), words),
    factTimes: fc.dictionary(fc.constantFrom('cwd', 'version', 'title', 'outcome'), fc.constantFrom(10, 20, 30)),
    times: fc.dictionary(few('x'), fc.constantFrom(10, 20, 30)),
    messages: fc.array(anyMessage, { maxLength: 5 }),
    calls: fc.array(anyCall, { maxLength: 5 }),
    tools: fc.array(anyTool, { maxLength: 5 }),
  })
  .map(({ factTimes, ...document }) => ({
    ...document,
    // A time stands only beside what it is the time of.
    factTimes: Object.fromEntries(
      Object.entries(factTimes).filter(([name]) =>
        name === 'title'
          ? document.title !== null
          : name === 'outcome'
            ? document.outcome !== null
            : name in document.facts,
      ),
    ),
  }));
