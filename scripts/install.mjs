import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'node_modules', '.tracepost-installed');

/** Installs when anything that decides what is installed has changed since the last time; else takes milliseconds. */
export async function install() {
  const wanted = fingerprint();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;

  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  console.error(`Installing with ${packageManager} (the first time takes about half a minute) …`);
  const began = Date.now();
  const { code, output } = await collect('npx', ['--yes', packageManager, 'install', '--frozen-lockfile']);
  if (code !== 0) {
    console.error(output);
    console.error('Installing failed; the lines above say why. Nothing was started. It needs a package registry once.');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
  console.error(`Installed in ${Math.round((Date.now() - began) / 1000)} s.`);
}

function fingerprint() {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\n`);
  const manifests = ['packages', 'services', 'examples', '.'].flatMap((folder) =>
    (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : [])
      .map((name) => join(root, folder, name, 'package.json'))
      .filter(existsSync),
  );
  for (const file of [join(root, 'pnpm-lock.yaml'), join(root, 'pnpm-workspace.yaml'), ...manifests.sort()]) {
    hash.update(`${file.slice(root.length)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function collect(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      shell: process.platform === 'win32',
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part));
    child.once('error', (error) => resolve({ code: 1, output: `${command} cannot be run: ${error.message}` }));
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
