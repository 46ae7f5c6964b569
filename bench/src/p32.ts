import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { makeSession } from './harness/made-transcripts.ts';
import { machine, writeResult } from './harness/report.ts';
import { median } from './harness/statistics.ts';

// P32: does a file of 2 GiB with one line of 600 MB in the middle get read, and in how much memory? Nothing of it is ever on the disk.
const FILE_MIB = Number(process.env.BENCH_MIB ?? 2048);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const LONG_LINE_BYTES = Math.round((FILE_MIB / 2048) * 600e6);
const MIB = 1024 * 1024;
const GIVEN_UP_MS = 30 * 60_000;

interface Answer {
  readonly lines: number;
  readonly bytes: number;
  readonly calls: number;
  readonly messages: number;
  readonly tools: number;
  readonly outputTokens: number;
  readonly skipped: readonly { readonly line: number; readonly reason: string }[];
  readonly skippedCount: number;
  readonly seconds: number;
  /** Everything that was read was gone through once, too. */
  readonly secondsInAll: number;
  readonly peakRssMb: number;
}

const answers: Answer[] = [];
for (let round = 0; round < ROUNDS; round++) answers.push(await readOnce());
const [first] = answers as unknown as readonly [Answer];
const memory = answers.map(({ peakRssMb }) => peakRssMb);
writeResult(
  'P32',
  [
    `# P32: in how much memory is a file of ${FILE_MIB} MiB with one line of ${Math.round(LONG_LINE_BYTES / 1e6)} MB read?`,
    '',
    machine(),
    '',
    '| | median | worst | floor | goal |',
    '| --- | ---: | ---: | ---: | ---: |',
    `| the most memory that the reading process ever had, MB | ${Math.round(median(memory))} | ${Math.round(Math.max(...memory))} | 600 | 300 |`,
    `| seconds of reading | ${median(answers.map(({ seconds }) => seconds)).toFixed(1)} | ${Math.max(...answers.map(({ seconds }) => seconds)).toFixed(1)} | | |`,
    `| seconds of reading, and of going through all of it once | ${median(answers.map(({ secondsInAll }) => secondsInAll)).toFixed(1)} | ${Math.max(...answers.map(({ secondsInAll }) => secondsInAll)).toFixed(1)} | | |`,
    '',
    `- One session in the format of Claude Code, made up, all ids different: ${first.lines} lines, ${first.messages} messages, ${first.calls} calls of the model, ${first.tools} of tools; calls and output tokens are those that were written. Through a pipe, in a process of its own, in a thread with the limits of the one that reads imported transcripts (768 MiB of old generation, 8 of young).`,
    `- Left out: ${first.skippedCount}. ${first.skipped.map(({ line, reason }) => `Line ${line} ${reason}`).join(' ')}`,
    '',
    `Raw, MB: ${memory.map(Math.round).join(' ')}`,
    '',
  ].join('\n'),
);

async function readOnce(): Promise<Answer> {
  const path = fileURLToPath(new URL('./variants/transcript-reader.ts', import.meta.url));
  const child = spawn(process.execPath, [path], { stdio: ['pipe', 'inherit', 'inherit', 'ipc'] });
  const killer = setTimeout(() => child.kill('SIGKILL'), GIVEN_UP_MS);
  try {
    await once(child, 'message');
    const answered = once(child, 'message');
    child.send({});
    if (!child.stdin) throw new Error('the reader has no standard input');
    const written = { calls: 0, outputTokens: 0 };
    await pipeline(Readable.from(transcript(written)), child.stdin);
    const [answer] = (await answered) as [Answer];
    if (answer.calls !== written.calls || answer.outputTokens !== written.outputTokens) {
      throw new Error(`${JSON.stringify(written)} were written, and ${JSON.stringify(answer)} were read`);
    }
    return answer;
  } finally {
    clearTimeout(killer);
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
}

/** One session without end: the lines of many, under one name. */
function* transcript(written: { calls: number; outputTokens: number }): Generator<Buffer> {
  const total = FILE_MIB * MIB;
  let bytes = 0;
  let isLongDone = false;
  const known = new Set<string>();
  for (let seed = 1; bytes < total; seed++) {
    const { files, calls } = makeSession({ seed, turns: 200 });
    // What is drawn from one seed may begin in the middle of what is drawn from another: the same ids are the same calls.
    if (calls.some(({ callId }) => known.has(callId))) continue;
    for (const { callId } of calls) known.add(callId);
    written.calls += calls.length;
    for (const { usage } of calls) written.outputTokens += usage.output;
    const lines = files.flatMap((file) => file.lines);
    const sessionId = String(JSON.parse(lines.find((line) => line.includes('"sessionId"')) ?? '{}').sessionId);
    const block = Buffer.from(`${lines.join('\n')}\n`.replaceAll(sessionId, 'one-session'));
    yield block;
    bytes += block.length;
    if (isLongDone || bytes < (total - LONG_LINE_BYTES) / 2) continue;
    isLongDone = true;
    yield* longLine();
    bytes += LONG_LINE_BYTES;
  }
}

function* longLine(): Generator<Buffer> {
  yield Buffer.from('{"type":"user","sessionId":"one-session","message":{"role":"user","content":"');
  const piece = Buffer.alloc(MIB, 'x');
  for (let left = LONG_LINE_BYTES; left > 0; left -= MIB) yield piece.subarray(0, Math.min(MIB, left));
  yield Buffer.from('"}}\n');
}
