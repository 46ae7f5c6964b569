import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describeWithCorpus, until } from '@tracepost/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Installation, startInstallation } from './use-installation.ts';
import { INPUT_TOKENS, OUTPUT_TOKENS, writtenTranscript } from './written-transcript.ts';

// Processes start slowly on a machine that has much else to do.
vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 });

let installation: Installation;
beforeAll(async () => {
  installation = await startInstallation();
});
afterAll(() => installation[Symbol.asyncDispose]());

async function given(folder: string, files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const root = join(installation.transcripts, folder);
  await mkdir(root, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(root, name), content);
  return root;
}

/** Sessions, calls and tokens of those whose ids begin so, by the store itself. */
async function keptOf(prefix: string) {
  let [sessions, calls, input, output] = [0, 0, 0, 0];
  for await (const { items } of installation.store.analyses({ tenantId: 'default' })) {
    for (const { analysis } of items) {
      if (!analysis.sessionId.startsWith(prefix)) continue;
      sessions++;
      calls += analysis.totals.modelCalls;
      input += analysis.totals.usage.input;
      output += analysis.totals.usage.output;
    }
  }
  return { sessions, calls, input, output };
}

const whole = (sessions: number, answers: number) => ({
  sessions,
  calls: sessions * answers,
  input: sessions * answers * INPUT_TOKENS,
  output: sessions * answers * OUTPUT_TOKENS,
});

describe('tracepost import', () => {
  it('brings in a folder, whatever else lies there, and the second time looks at what is new in it', async () => {
    const root = await given('folder', {
      'a.jsonl': writtenTranscript('folder-a', 3),
      'b.jsonl.gz': gzipSync(writtenTranscript('folder-b', 3)),
      'packed.jsonl.zst': zstdCompressSync(writtenTranscript('folder-e', 3)),
      'two\nlines.jsonl': `${writtenTranscript('folder-c', 3)}{"type": oh\n`,
      'notes.txt': 'Dear diary',
      'picture.png': Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13]),
      'empty.jsonl': '',
    });
    await symlink('/etc/hostname', join(root, 'out.jsonl'));
    execFileSync('mkfifo', [join(root, 'pipe.jsonl')]);

    const first = await installation.importJson(root);
    expect(first).toMatchObject({ exit: 0, files: 7, sent: 4, known: 0, notTranscripts: 3, failed: 0 });
    expect(first).toMatchObject({ imported: 4, updated: 0, unchanged: 0, skippedLines: 1 });
    expect(first.skipped).toMatchObject([{ path: join(root, 'two\nlines.jsonl'), line: 7 }]);
    expect(first.leftOut).toEqual(
      expect.arrayContaining([
        { path: join(root, 'out.jsonl'), reason: 'is a symbolic link' },
        { path: join(root, 'pipe.jsonl'), reason: 'is a FIFO' },
      ]),
    );
    expect(await keptOf('folder-')).toEqual(whole(4, 3));

    await appendFile(join(root, 'a.jsonl'), writtenTranscript('folder-d', 3));
    const second = await installation.importJson(root);
    expect(second).toMatchObject({ exit: 0, sent: 1, known: 3, notTranscripts: 3, imported: 1, unchanged: 1 });
    // A file that became shorter takes nothing away.
    await truncate(join(root, 'a.jsonl'), writtenTranscript('folder-a', 3).length);
    expect(await installation.importJson(root)).toMatchObject({ exit: 0, sent: 1, imported: 0, updated: 0 });
    expect(await installation.importJson(root, '--again')).toMatchObject({ exit: 0, sent: 4, unchanged: 4 });
    expect(await keptOf('folder-')).toEqual(whole(5, 3));
  });

  it('shows names and lines with their control characters escaped', async () => {
    const root = await given('odd', { 'a\x1b[2Jb.jsonl': `${writtenTranscript('odd-a', 1)}\x1b]52;c;AAAA\x07\n` });
    const { exit, stdout } = await installation.begin('import', root).ended;
    expect(exit).toBe(0);
    expect(stdout).toContain('a\\x1b[2Jb.jsonl');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is the point
    expect(stdout).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  });

  it('fails for a file that was named and is none, and for a path that is not there', async () => {
    const root = await given('bad', { 'diary.txt': 'Dear diary' });
    const named = await installation.importJson(join(root, 'diary.txt'));
    expect(named).toMatchObject({ exit: 1, failed: 1, failures: [{ code: 'UNKNOWN_FORMAT' }] });
    expect((await installation.begin('import', join(root, 'nowhere')).ended).exit).toBe(2);
    expect((await installation.begin('import').ended).exit).toBe(2);
  });

  it('killed half-way and begun again, keeps what one clean run keeps', async () => {
    const files = Array.from({ length: 60 }, (_, at) => [`${at}.jsonl`, writtenTranscript(`killed-${at}`, 4)]);
    const root = await given('killed', Object.fromEntries(files));
    const { child, ended } = installation.begin('import', root);
    await until(async () => (await keptOf('killed-')).sessions >= 30, { timeoutMs: 120_000, what: 'half of them' });
    child.kill('SIGKILL');
    await ended;
    const before = await keptOf('killed-');
    const { exit, sent, known } = await installation.importJson(root);
    expect(exit).toBe(0);
    expect(Number(sent) + Number(known)).toBe(60);
    // At most the two that were on their way were sent and not remembered.
    expect(Number(known)).toBeGreaterThanOrEqual(before.sessions - 2);
    expect(await keptOf('killed-')).toEqual(whole(60, 4));
  });

  it('goes on when Tracepost itself is killed under it and comes back', async () => {
    const files = Array.from({ length: 60 }, (_, at) => [`${at}.jsonl`, writtenTranscript(`crash-${at}`, 4)]);
    const root = await given('crash', Object.fromEntries(files));
    const running = installation.importJson(root);
    await until(async () => (await keptOf('crash-')).sessions >= 20, { timeoutMs: 120_000, what: 'a third of them' });
    await installation.kill();
    await installation.start();
    const { exit, failures } = await running;
    // Had it been away for longer than the patience of the command, the same command would go on.
    if (exit !== 0) expect(await installation.importJson(root)).toMatchObject({ exit: 0 });
    else expect(failures).toEqual([]);
    expect(await keptOf('crash-')).toEqual(whole(60, 4));
  });
});

describeWithCorpus('recorded transcripts, brought in by the command line', (corpus) => {
  it('are kept with what they took and cost, and again change nothing', async () => {
    const root = join(corpus, 'codemie-code/claude-code');
    const first = await installation.importJson(root);
    expect(first).toMatchObject({ exit: 0, failed: 0, skippedLines: 0 });
    const { items } = await installation.store.list({ text: '624a4a58', limit: 10 });
    expect(items).toHaveLength(1);
    expect(items[0]?.totals).toMatchObject({ modelCalls: 55, toolCalls: 48 });
    expect(items[0]?.totals.costUsd).toBeCloseTo(8.4327, 4);
    expect(await installation.importJson(root)).toMatchObject({ exit: 0, sent: 0, known: first.sent });
    expect(await installation.importJson(root, '--again')).toMatchObject({ imported: 0, updated: 0, sent: first.sent });
  });
});
