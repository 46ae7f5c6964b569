import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { CannotOpenError, FolderInUseError, lockFolder } from '../src/index.ts';
import { temporaryFolder } from './temporary-folder.ts';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

async function holderOf(folder: string): Promise<ChildProcess> {
  const script = fileURLToPath(new URL('./hold-lock.ts', import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

test('a folder that another process holds is refused with the pid of the holder', async () => {
  const folder = temporaryFolder();
  const holder = await holderOf(folder);
  const refused = lockFolder(folder);
  await expect(refused).rejects.toBeInstanceOf(FolderInUseError);
  await expect(refused).rejects.toMatchObject({ pid: holder.pid, folder });
  await expect(refused).rejects.toThrow(`The folder ${folder} is in use by process ${holder.pid}`);
});

test('the lock of a killed process is taken over at once', async () => {
  const folder = temporaryFolder();
  await kill(await holderOf(folder));
  await using _lock = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject({ pid: process.pid });
});

test('a second lock in the same process is refused, and granted after the release', async () => {
  const folder = temporaryFolder();
  const first = await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toBeInstanceOf(FolderInUseError);
  await first.release();
  await first.release();
  await using _second = await lockFolder(folder);
});

test('two folders are two locks', async () => {
  await using _first = await lockFolder(temporaryFolder());
  await using _second = await lockFolder(temporaryFolder());
});

test('a folder that does not exist is made', async () => {
  await using _lock = await lockFolder(join(temporaryFolder(), 'a', 'b'));
});

test('a folder that cannot be written is named in one sentence', async () => {
  const file = join(temporaryFolder(), 'file');
  writeFileSync(file, '');
  const refused = lockFolder(join(file, 'data'));
  await expect(refused).rejects.toBeInstanceOf(CannotOpenError);
  await expect(refused).rejects.toThrow(join(file, 'data'));
});
