#!/usr/bin/env node
import { readCliConfig } from './config.ts';
import { runCli } from './run-cli.ts';

/** `tracepost`. Ctrl-C ends what is waited for in order; a second one ends the process. */
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort(signal));

process.exitCode = await runCli({
  args: process.argv.slice(2),
  config: readCliConfig(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: interrupted.signal,
});
