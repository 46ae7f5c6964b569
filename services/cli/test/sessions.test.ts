import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnalysisView, SessionListView, SessionView } from '@tracepost/contracts';
import { type SampleSession, sampleSession } from '@tracepost/testing';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { useTracepost } from './use-tracepost.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const tracepost = useTracepost();
const { run, json } = tracepost;

const HOUR = 3_600_000;
const now = Date.now();
/** Each of the four answers: 1,000 tokens at 3 USD, 3,000 from the cache at 0.3 and 100 at 15 a million. */
const COST = '0.0216 USD';
/** Writes to the clipboard, hides a link, clears the screen, goes back, does so by C1, turns the reading direction. */
const ATTACK = '\x1b]52;c;cm0gLXJmIH4=\x07\x1b]8;;https://example.org\x1b\\x\x1b[2J\x7f\x9b2J\u202etxt';
// biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
const OBEYED = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]/;
const SAMPLES: readonly SampleSession[] = [
  { sessionId: 'failed', startMs: now - HOUR / 2, endsWell: false },
  { sessionId: 'well', startMs: now - 2 * HOUR, endsWell: true },
  { sessionId: 'no-price', startMs: now - 48 * HOUR, endsWell: true, model: 'a-model-of-ours' },
  { sessionId: 'old', startMs: now - 240 * HOUR, endsWell: true },
  { sessionId: 'odd/../1', startMs: now - 480 * HOUR, endsWell: false, prints: ATTACK, reader: ATTACK, model: ATTACK },
];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-cli-sessions-'));
  const files = SAMPLES.map((_, at) => join(folder, `${at}.jsonl`));
  for (const [at, file] of files.entries()) await writeFile(file, sampleSession(SAMPLES[at] as SampleSession));
  const { exit, stdout } = await run('import', ...files, '--json');
  expect([exit, JSON.parse(stdout)]).toMatchObject([0, { imported: SAMPLES.length, skippedLines: 0 }]);
  await rm(folder, { recursive: true });
});

describe('tracepost recompute', () => {
  it('prices anew what is kept, of which nothing changes under the same prices', async () => {
    const { exit, stdout, stderr } = await run('recompute');
    const said = `${SAMPLES.length} sessions: 0 recomputed, ${SAMPLES.length} unchanged\n`;
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: said, stderr: '' });
    expect(await run('recompute', 'well')).toMatchObject({ exit: 2 });
  });
});

describe('tracepost session', () => {
  it('shows what it took and cost with the arithmetic, and what was found with where', async () => {
    const { exit, stdout, stderr } = await run('session', 'well');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    for (const line of [
      'ended    well',
      'calls    4 of models · 3 of tools (1 failed) · 1 retry · 85.7 % succeeded · 8 messages',
      'tokens   16,000 in (75 % read from a cache) · 400 out',
      `cost     ${COST}`,
      '  4,000 input × 3/M = 0.012 USD',
      '  12,000 cache read × 0.3/M = 0.0036 USD',
      '  400 output × 15/M = 0.006 USD',
      `in all ${COST}`,
      '0.0054 USD = 1,000 input × 3/M + 3,000 cache read × 0.3/M + 100 output × 15/M',
      'retry 1 × · by structure',
      '  tool Bash well-t2',
    ])
      expect(stdout).toContain(line);
    expect(stdout).toMatch(/reported\n/);
    expect(stdout).toMatch(/^Bash +execute +2 +1 +0 +0 +4\.00 s +2\.00 s +44 B +45 B$/m);
    expect(stdout).toMatch(/^very_low, 1 point$/m);
    expect(stdout).toMatch(/^response +4 +2\.00 s +2\.00 s +2\.00 s +2\.00 s$/m);
  });

  it('shows anomalies with their baseline, and advice with its evidence', async () => {
    const { stdout } = await run('session', 'failed');
    expect(stdout).toContain('ended    not well');
    expect(stdout).toMatch(
      /^error_cluster 3 errors · threshold 3 errors\n {2}sessionErrors 3 · sessionCalls 8 .+\n {2}tool Bash failed-t2 · /m,
    );
    expect(stdout).toMatch(
      /^warning 100 % of the calls of Bash failed\n {2}Look at .+\n {2}would save .+3 calls\n {2}calls 3 · failed 3 .+\n {2}tool .*failed-t2/m,
    );
  });

  it('says of calls without a price that they have none, and not that they are free', async () => {
    const { stdout } = await run('session', 'no-price');
    expect(stdout).toContain('cost     - and the cost of 4 calls without a known price');
    expect(stdout).toMatch(/^4 calls without a price: .+$/m);
    expect(stdout).toContain('in all -');
  });

  it('gives the answer of the API with --json', async () => {
    const { exit, ...answer } = await json<SessionView>('session', 'well');
    const asked = await fetch(`${tracepost.url()}/api/v1/sessions/well`);
    expect(exit).toBe(0);
    expect(answer).toEqual(await asked.json());
  });

  it('fails for one that is not there, and takes exactly one id', async () => {
    const missing = await run('session', '__proto__', '--json');
    expect(missing.exit).toBe(1);
    expect(JSON.parse(missing.stdout)).toMatchObject({ error: { code: 'SESSION_NOT_FOUND' } });
    expect((await run('session')).exit).toBe(2);
    expect((await run('session', 'well', 'failed')).exit).toBe(2);
  });
});

describe('tracepost sessions', () => {
  it('lists them, newest first, with what tells them apart', async () => {
    const { exit, stdout } = await run('sessions', '--from', '3d');
    expect(exit).toBe(0);
    const [, ...rows] = stdout.trimEnd().split('\n');
    expect(rows.slice(0, 3).map((row) => row.split(/ {2,}/)[1])).toEqual(['failed', 'well', 'no-price']);
    expect(rows[1]).toMatch(/claude-code +claude-sonnet-4-5 +well +very_low +14\.0 s +3 +1 +16,400 +0\.0216 USD/);
    expect(rows[2]).toMatch(/16,400 +-\+/);
    expect(rows[3]).toBe('+ and the cost of calls without a known price');
  });

  it('finds them by agent, provider, model, complexity, text and time, page by page', async () => {
    const idsOf = async (...args: string[]): Promise<string[]> =>
      (await json<SessionListView>('sessions', ...args)).items.map(({ sessionId }) => sessionId);
    expect(await idsOf('--model', 'a-model-of-ours')).toEqual(['no-price']);
    expect(await idsOf('--agent', 'codex')).toEqual([]);
    expect(await idsOf('--text', 'no repository here', '--from', '2h')).toEqual(['failed']);
    expect(await idsOf('--from', '10h', '--to', '1h')).toEqual(['well']);
    expect(await idsOf('--complexity', 'very_high')).toEqual([]);
    expect(await idsOf('--provider', 'openai')).toEqual([]);
    const first = await json<SessionListView>('sessions', '--limit', '2');
    expect(first.items).toHaveLength(2);
    expect(await idsOf('--limit', '2', '--cursor', first.nextCursor ?? '')).toEqual(['no-price', 'old']);
    expect((await run('sessions', '--limit', '2')).stdout).toContain('There are more');
    expect((await run('sessions', '--complexity', 'huge')).exit).toBe(2);
    expect((await run('sessions', 'well')).stderr).toContain('tracepost session <id>');
  });
});

describe('tracepost live', () => {
  it('shows how it goes now, where it is going, and what was found', async () => {
    const { exit, stdout, stderr } = await run('live');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    expect(stdout).toMatch(/^sessions {2}\d+$/m);
    expect(stdout).toMatch(/^tokens +(rising|falling|flat) +\S+ \(\S+ to \S+\) each hour$/m);
    expect(stdout).toMatch(/^complexity +not known yet +[12] days? so far$/m);
    expect(stdout).not.toMatch(/NaN|undefined/);
    const answer = await json<{ live: object }>('live');
    const asked = await fetch(`${tracepost.url()}/api/v1/analysis/live`);
    expect(Object.keys(answer.live)).toEqual(Object.keys(((await asked.json()) as { live: object }).live));
    expect((await run('live', '--agent', 'nobody-here')).stdout).toContain('tokens    0 a minute');
    expect((await run('live', 'now')).exit).toBe(2);
  });
});

describe('tracepost report', () => {
  it('shows what the sessions of a window came to', async () => {
    const { exit, stdout, stderr } = await run('report');
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
    for (const line of [
      'sessions  3\n',
      'success   2 ended well (66.7 %)',
      'calls     12 of models, 10 of tools · failed 5 (22.7 %)',
      'tokens    48,000 in (75 % read from a cache) · 1,200 out',
      'cost      0.0432 USD and the cost of 4 calls without a known price',
    ])
      expect(stdout).toContain(line);
    expect(stdout).toMatch(/^anthropic\/claude-sonnet-4-5 +8 +0 +32,000 +75 % +800 +0 +0 +0\.0432 USD$/m);
    expect(stdout).toMatch(/^claude-code +12 .* +4 +0\.0432 USD$/m);
    expect(stdout).toMatch(/^Bash +execute +7 +5 +71\.4 % +[\d.]+ s +2\.00 s +[\d.]+ K?i?B +[\d.]+ K?i?B +3$/m);
    expect(stdout).toMatch(/^ +\d+ +\d+ +Read > Bash$/m);
    expect(stdout).toMatch(/^answers of models +12 +\S+ s +\S+ s +\S+ s +\S+$/m);
    expect(stdout).toMatch(/^complex +[\d.]+ points on average · .*sessions? /m);
    expect(stdout).toMatch(/^tool_error +5 +3 +100 %/m);
    expect(stdout).toContain('71 % of the calls of Bash failed');
  });

  it('says the same as the API about the same time, and of fewer when fewer are asked for', async () => {
    const words = ['--window', '30d', '--model', 'claude-sonnet-4-5'];
    const report = await json<Record<string, AnalysisView>>('report', ...words);
    expect(report).toMatchObject({ exit: 0, window: '30d', sessions: { count: 3, isCut: false, endedWell: 2 } });
    const { start, end } = report.costs?.timeRange ?? { start: '', end: '' };
    for (const question of ['costs', 'times', 'tools', 'sequences', 'patterns', 'anomalies', 'recommendations']) {
      const query = new URLSearchParams({ from: start, to: end, model: 'claude-sonnet-4-5' });
      const asked = await fetch(`${tracepost.url()}/api/v1/analysis/${question}?${query}`);
      expect({ ...report[question], window: null }).toEqual(await asked.json());
    }
    const hour = await json<{ sessions: { count: number } }>('report', '--window', '1h');
    expect(hour.sessions.count).toBe(1);
  });

  it('says how to see earlier sessions, and says nothing where there are none', async () => {
    const { stdout } = await run('report', '--window', '1h');
    const [, day] = /^ +and earlier ones, the newest of .*: --from (\S+)$/m.exec(stdout) ?? [];
    expect(
      (await json<{ sessions: { count: number } }>('report', '--from', String(day))).sessions.count,
    ).toBeGreaterThan(1);
    const year = await json<{ earlierAt: string | null }>('report', '--from', '300d');
    expect(year.earlierAt).toBeNull();
  });

  it('says of a time without sessions that there were none', async () => {
    const { exit, stdout } = await run('report', '--agent', 'nobody-here');
    expect(exit).toBe(0);
    expect(stdout).toContain('sessions  0\n');
    expect(stdout).toContain('cost      -\n');
    expect(stdout).not.toMatch(/NaN|undefined/);
  });

  it('says what is wrong with its options', async () => {
    expect((await run('report', '--window', '2h')).exit).toBe(2);
    expect((await run('report', '--window', '1h', '--from', '2h')).stderr).toContain('--window goes without --from');
    expect((await run('report', '--to', '2h')).stderr).toContain('--to needs a --from');
    expect((await run('report', 'well')).exit).toBe(2);
  });
});

it('what a transcript holds does nothing to the terminal, wherever it is shown', async () => {
  const id = SAMPLES.at(-1)?.sessionId ?? '';
  const calls = [['session', id], ['sessions'], ['report', '--window', '30d']];
  for (const args of calls) {
    const shown = await run(...args);
    expect([args[0], shown.exit]).toEqual([args[0], 0]);
    expect(shown.stdout).toContain('\\x1b]52;c;');
    const asJson = await run(...args, '--json');
    for (const text of [shown.stdout, asJson.stdout]) expect(text).not.toMatch(OBEYED);
  }
});

it('says which calls of another service tier are there at the standard price', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-cli-tier-'));
  const text = sampleSession({ sessionId: 'fast', startMs: now - 720 * HOUR, endsWell: true });
  await writeFile(join(folder, 'fast.jsonl'), text.toString().replaceAll('"usage":{', '"usage":{"speed":"fast",'));
  expect((await run('import', folder)).exit).toBe(0);
  await rm(folder, { recursive: true });
  const { stdout } = await run('session', 'fast');
  expect(stdout).toContain(`cost     ${COST} · 4 calls of another service tier at the standard price`);
  expect(stdout).toContain('standard price: it has none for "fast"');
});
