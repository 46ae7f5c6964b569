import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openTranscriptFile, type TranscriptFile } from './transcript-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tracepost-file-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function open(content: string | Buffer): Promise<TranscriptFile & { readonly path: string }> {
  const path = join(folder, 'session.jsonl');
  await writeFile(path, content);
  const file = await openTranscriptFile(path);
  if ('reason' in file) throw new Error(file.reason);
  return Object.assign(file, { path });
}

async function textOf(file: TranscriptFile): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of file.content()) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

it('of a file that grows, what was there when it was opened is read, as often as it is asked for', async () => {
  await using file = await open('one\n');
  await appendFile(file.path, 'two\n');
  expect([await textOf(file), await textOf(file), file.size]).toEqual(['one\n', 'one\n', 4]);
  expect(file.sha256()).toBe(createHash('sha256').update('one\n').digest('hex'));
});

it('a file that becomes shorter while it is read has no hash: it is none of the files that there were', async () => {
  await using file = await open('x'.repeat(300_000));
  const content = file.content();
  await content.next();
  await truncate(file.path, 10);
  expect(await content.next()).toMatchObject({ done: true });
  expect(file.sha256()).toBeNull();
});

it.each<[string, (path: string) => unknown, string]>([
  ['a link that has taken its place', (path) => symlink('/etc/hostname', path), 'is a symbolic link'],
  ['a FIFO, without waiting for a writer', (path) => execFileSync('mkfifo', [path]), 'is a FIFO'],
  ['nothing', () => {}, 'is not there any more'],
])('is not %s', async (_what, make, reason) => {
  const path = join(folder, 'odd');
  await make(path);
  expect(await openTranscriptFile(path)).toEqual({ reason });
});

it('a file that is packed with zstd is unpacked, and known by its own bytes', async () => {
  const text = '{"a":1}\n'.repeat(100_000);
  const packed = zstdCompressSync(text);
  await using file = await open(packed);
  expect(await textOf(file)).toBe(text);
  expect(file.sha256()).toBe(createHash('sha256').update(packed).digest('hex'));
  expect([file.isGzip, file.isBinary, file.beginsAsJson, file.size]).toEqual([false, false, true, packed.length]);
});

it('a file of damaged zstd says that it is, and one that is not read to its end lets go', async () => {
  const packed = zstdCompressSync('{"a":1}\n'.repeat(100_000));
  await using damaged = await open(packed.subarray(0, packed.length - 20));
  await expect(textOf(damaged)).rejects.toThrow();
  expect(damaged.fault()).toMatch(/^is zstd that cannot be unpacked: /);
  await using whole = await open(packed);
  for await (const _ of whole.content()) break;
  expect(whole.fault()).toBeNull();
});

it('a file of which zstd unpacks the first part only says so', async () => {
  const part = zstdCompressSync('{"a":1}\n'.repeat(1000));
  for (const more of [part, Buffer.from('something else')]) {
    await using file = await open(Buffer.concat([part, more]));
    await expect(textOf(file)).rejects.toThrow(/first part/);
    expect(file.fault()).toMatch(/^is zstd that cannot be unpacked: .*more follows/);
  }
});

it.each<[string, Buffer, { isGzip: boolean; isBinary: boolean; beginsAsJson: boolean }]>([
  ['JSON', Buffer.from('\ufeff\n {"a":"ü"}'), { isGzip: false, isBinary: false, beginsAsJson: true }],
  ['a list', Buffer.from('[1]'), { isGzip: false, isBinary: false, beginsAsJson: true }],
  ['text', Buffer.from('Dear diary, {'), { isGzip: false, isBinary: false, beginsAsJson: false }],
  ['gzip', gzipSync('{}'), { isGzip: true, isBinary: false, beginsAsJson: true }],
  ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), { isGzip: false, isBinary: false, beginsAsJson: true }],
  ['UTF-16 without a mark', Buffer.from('{}', 'utf16le'), { isGzip: false, isBinary: false, beginsAsJson: true }],
  ['JSON with zeros in it', Buffer.from('{}\n\0\0\n{}'), { isGzip: false, isBinary: false, beginsAsJson: true }],
  [
    'a picture',
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13]),
    { isGzip: false, isBinary: true, beginsAsJson: false },
  ],
])('is known by its first bytes as %s', async (_what, content, expected) => {
  await using file = await open(content);
  const { isGzip, isBinary, beginsAsJson } = file;
  expect({ isGzip, isBinary, beginsAsJson }).toEqual(expected);
});
