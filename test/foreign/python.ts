import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { beforeAll, describe, test } from 'vitest';

/** Lines of JSON that the peer has said. */
export interface Peer {
  readonly child: ChildProcess;
  /** The next line; rejects when it ends before. */
  next(): Promise<Record<string, unknown>>;
  /** Rejects unless it ends with 0. */
  readonly ended: Promise<void>;
}

export interface PythonProgram {
  /** The file that is run. */
  readonly file: string;
  /** What pip installs for it, each with its version. */
  readonly packages: readonly string[];
}

/**
 * A suite with a Python of its own, in which the packages are installed (once, kept in the temporary folder of the machine). Without a
 * python3 that can make such a place it is left out and says so; with `TRACEPOST_TEST_ALL=1` it fails instead.
 */
export function describeWithPython(
  title: string,
  program: PythonProgram,
  define: (begin: (mode: string, settings: object) => Peer) => void,
): void {
  const missing = pythonProblem();
  if (missing === null) {
    describe(title, () => {
      let python = '';
      beforeAll(async () => {
        python = await install(program.packages);
      }, 180_000);
      define((mode, settings) => beginPeer([python, program.file, mode], settings));
    });
    return;
  }
  if (process.env.TRACEPOST_TEST_ALL === '1') {
    describe(title, () => {
      test('needs python3', () => {
        throw new Error(`TRACEPOST_TEST_ALL=1 asks for every test, and there is no python3 for it: ${missing}`);
      });
    });
    return;
  }
  console.warn(`Left out, because there is no python3 for it (${missing}): ${title}`);
  describe.skip(title, () => {
    test('needs python3', () => {});
  });
}

/** Debian has a python3 that cannot make a virtual environment until another package is installed. */
function pythonProblem(): string | null {
  const { error, status, stderr } = spawnSync('python3', ['-c', 'import venv, ensurepip'], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (error) return error.message;
  return status === 0 ? null : (stderr.trim().split('\n').at(-1) ?? `exit status ${status}`);
}

/** The python of the virtual environment. */
async function install(packages: readonly string[]): Promise<string> {
  const folder = join(tmpdir(), `tracepost-${packages.join('-').replaceAll('==', '-')}`);
  const python = join(folder, 'bin', 'python');
  if (existsSync(python)) return python;
  const run = promisify(execFile);
  const making = await mkdtemp(`${folder}-`);
  await run('python3', ['-m', 'venv', making], { timeout: 60_000 });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...packages];
  await run(join(making, 'bin', 'python'), pip, { timeout: 150_000 });
  // It is found by where its python lies, so it can be moved. Whoever is first wins; both have made the same.
  await rename(making, folder).catch(() => rm(making, { recursive: true, force: true }));
  return python;
}

function beginPeer([python = '', ...args]: readonly string[], settings: object): Peer {
  const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(settings));
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    complaint += part;
  });
  const ended = once(child, 'close').then(([code]) => {
    if (code !== 0) throw new Error(`the Python peer ended with ${code}:\n${complaint}`);
  });
  // Told by whoever waits for a line, too.
  ended.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    ended,
    async next() {
      const { done, value } = await lines.next();
      if (!done) return JSON.parse(value) as Record<string, unknown>;
      await ended;
      throw new Error('the Python peer has nothing more to say');
    },
  };
}
