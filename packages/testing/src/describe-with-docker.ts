import { spawnSync } from 'node:child_process';
import { describe, test } from 'vitest';

/**
 * A suite that needs real servers. On a machine without Docker it is skipped and says so in one line; with
 * `TRACEPOST_TEST_ALL=1` it fails instead, so that a pipeline cannot be green because something was missing.
 */
export function describeWithDocker(title: string, define: () => void): void {
  const missing = dockerProblem();
  if (missing === null) {
    describe(title, define);
    return;
  }
  if (process.env.TRACEPOST_TEST_ALL === '1') {
    describe(title, () => {
      test('needs Docker', () => {
        throw new Error(`TRACEPOST_TEST_ALL=1 asks for every test, and Docker does not answer: ${missing}`);
      });
    });
    return;
  }
  console.warn(`Left out, because Docker does not answer (${missing}): ${title}`);
  describe.skip(title, define);
}

let known: { readonly problem: string | null } | undefined;

/** Asked once in each process, and synchronously: suites are registered before anything can be awaited. */
function dockerProblem(): string | null {
  known ??= { problem: askDocker() };
  return known.problem;
}

function askDocker(): string | null {
  const { error, status, stderr } = spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  if (error) return error.message;
  return status === 0 ? null : (stderr.trim().split('\n')[0] ?? `exit status ${status}`);
}
