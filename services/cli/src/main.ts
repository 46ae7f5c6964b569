#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { readCliConfig } from './config.ts';

// Half of a short call would be spent on compiling: done once, before anything else is loaded.
enableCompileCache();
const { runCli } = await import('./run-cli.ts');

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
