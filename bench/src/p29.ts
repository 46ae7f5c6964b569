import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Ccusage, fetchCcusage } from './harness/ccusage.ts';
import { makeSession } from './harness/made-transcripts.ts';
import { machine, writeResult } from './harness/report.ts';
import { median } from './harness/statistics.ts';

// P29: what all transcripts of a tree took, asked of a process that has just been started: ours, and ccusage, which is written in Rust.
const ROUNDS = 12;
const MADE_SESSIONS = Number(process.env.BENCH_SESSIONS ?? 60);
const [FLOOR, GOAL] = [3, 1.5];
const corpus = process.env.TRACEPOST_CORPUS;
const folder = mkdtempSync(join(tmpdir(), 'tracepost-p29-'));
const ccusage = fetchCcusage(join(folder, 'npx'));

interface Totals {
  readonly input: number;
  readonly output: number;
  readonly cacheWrite: number;
  readonly cacheRead: number;
  readonly usd: number;
}

interface Run {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly totals: Totals;
}

/** What a tool says of all days together. */
type Said = Readonly<Record<string, number>>;

interface Contender {
  readonly name: string;
  readonly command: readonly string[];
  readonly totalsOf: (said: Said) => Totals;
}

try {
  if (typeof ccusage === 'string') {
    console.log(`P29 compares with ccusage, which cannot be had here, so nothing was measured: ${ccusage}`);
    process.exitCode = 1;
  } else {
    const trees = [
      ...(corpus ? [{ name: 'recorded', path: recorded(corpus) }] : []),
      { name: 'made up', path: made() },
    ];
    writeResult(
      'P29',
      [...heading(ccusage), ...trees.flatMap(({ name, path }) => measure(name, path, ccusage)), ...notes()].join('\n'),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function heading({ version }: Ccusage): string[] {
  return [
    `# P29: how long does a usage report take from the start of its process, against ccusage ${version}?`,
    '',
    machine(),
    '',
  ];
}

/** Both tools once without being counted (compile cache, files in memory), then in turns, forwards and backwards. */
function measure(name: string, tree: string, { launcher, binary }: Ccusage): string[] {
  const theirs = ['claude', 'daily', '--json', '--offline'];
  const contenders: readonly Contender[] = [
    {
      name: 'Tracepost',
      command: [process.execPath, variant('usage-report.ts'), join(tree, 'projects')],
      totalsOf: ours,
    },
    { name: 'ccusage', command: [process.execPath, launcher, ...theirs], totalsOf: ofCcusage },
    { name: 'ccusage, without its launcher', command: [binary, ...theirs], totalsOf: ofCcusage },
  ];
  const runs = new Map<string, Run[]>(contenders.map((one) => [one.name, []]));
  for (const one of contenders) run(one, tree);
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of round % 2 === 0 ? contenders : contenders.toReversed()) runs.get(one.name)?.push(run(one, tree));
  }
  const own = runs.get('Tracepost') ?? [];
  const ratios = (all: readonly Run[]): number[] =>
    all.map(({ wallMs }, at) => (own[at]?.wallMs ?? Number.NaN) / wallMs);
  return [
    `## ${name}`,
    '',
    '| | wall ms | CPU ms | our time ÷ its | third-highest of 12 | input | output | cache written | cache read | US dollars |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...[...runs].map(([tool, all]) => {
      const { totals } = all[0] as Run;
      const tokens = [totals.input, totals.output, totals.cacheWrite, totals.cacheRead].map((count) =>
        count.toLocaleString('en'),
      );
      const third = ratios(all).toSorted((a, b) => b - a)[2] ?? Number.NaN;
      return `| ${tool} | ${middle(all.map(({ wallMs }) => wallMs))} | ${middle(all.map(({ cpuMs }) => cpuMs))} | ${median(ratios(all)).toFixed(2)} | ${third.toFixed(2)} | ${tokens.join(' | ')} | ${totals.usd.toFixed(4)} |`;
    }),
    '',
    ...[...runs].map(
      ([tool, all]) => `Raw wall ms, ${tool}: ${all.map(({ wallMs }) => Math.round(wallMs)).join(' ')}\n`,
    ),
  ];
}

function notes(): string[] {
  return [
    `- Floor ${FLOOR} times the time of ccusage as people run it (by its launcher), goal ${GOAL} times.`,
    '- Whole processes, from their start to their end, every file read anew; the files lie in memory after the first run, which is not counted. CPU time is that of the process and of what it starts.',
    '- Ours reads what calls took and nothing else (`wanted: usage` of readTranscript): lines in which no usage stands are not parsed.',
    '- Where tokens differ: ours takes the last line of each answer, which tells what was billed, and counts a call once in whichever files it stands. Where only dollars differ: ours takes the dearer tier of calls with a long input.',
    '- recorded: transcripts of Claude Code of the corpus, with TRACEPOST_CORPUS set. made up: bench/src/harness/made-transcripts.ts.',
    '',
  ];
}

/** Bash tells the time of a command with all that it started. Throws when the tool fails. */
function run({ name, command, totalsOf }: Contender, tree: string): Run {
  const ended = spawnSync('bash', ['-c', 'TIMEFORMAT="times %R %U %S"; time "$@"', 'bash', ...command], {
    env: {
      ...process.env,
      HOME: folder,
      CLAUDE_CONFIG_DIR: tree,
      // As our commands set it.
      NODE_COMPILE_CACHE: join(folder, 'compile'),
    },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 5 * 60_000,
  });
  const times = /times ([\d.]+) ([\d.]+) ([\d.]+)\s*$/
    .exec(ended.stderr ?? '')
    ?.slice(1)
    .map(Number);
  if (ended.status !== 0 || !times) throw new Error(`${name} ended with ${ended.status}: ${ended.stderr}`);
  const [wall = Number.NaN, user = 0, system = 0] = times;
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000, totals: totalsOf(JSON.parse(ended.stdout).totals) };
}

function ours({ input = 0, output = 0, cacheWrite = 0, cacheRead = 0, usd = 0 }: Said): Totals {
  return { input, output, cacheWrite, cacheRead, usd };
}

function ofCcusage({
  inputTokens = 0,
  outputTokens = 0,
  cacheCreationTokens = 0,
  cacheReadTokens = 0,
  totalCost = 0,
}: Said): Totals {
  return {
    input: inputTokens,
    output: outputTokens,
    cacheWrite: cacheCreationTokens,
    cacheRead: cacheReadTokens,
    usd: totalCost,
  };
}

/** A copy: what is recorded is never written to, and ccusage wants the folders of the program. */
function recorded(from: string): string {
  const tree = join(folder, 'recorded');
  cpSync(join(from, 'codemie-code/claude-code'), join(tree, 'projects/recorded'), { recursive: true });
  return tree;
}

function made(): string {
  const tree = join(folder, 'made');
  for (let seed = 1; seed <= MADE_SESSIONS; seed++) {
    for (const { fileName, lines } of makeSession({ seed, turns: 200, subagents: 'beside' }).files) {
      const path = join(tree, `projects/project-${seed % 7}`, fileName);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${lines.join('\n')}\n`);
    }
  }
  return tree;
}

function variant(file: string): string {
  return fileURLToPath(new URL(`./variants/${file}`, import.meta.url));
}

function middle(values: readonly number[]): string {
  return String(Math.round(median(values)));
}
