// What `npm start`, `npm test` and the other commands do first on any machine with Node 20 and npm: install what is
// missing (the right Node included, from packages), then run the command with that Node. Plain JavaScript without
// dependencies, because nothing is there yet.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findNode } from './find-node.mjs';
import { install, root } from './install.mjs';
import { run } from './run-command.mjs';

const [name = '', ...args] = process.argv.slice(2);

const commands = {
  start: (node) =>
    // Memory that it would hold for nothing: a young generation of 48 MB for every thread; four times the heap that is in use before V8 collects it,
    // whose pages it keeps; an arena of malloc for each thread; what was freed, since malloc raises both of these limits by itself.
    run(node, ['--max-semi-space-size=4', '--heap-growing-percent=50', 'services/standalone/src/main.ts', ...args], {
      env: {
        TRACEPOST_TELEMETRY: 'embedded',
        MALLOC_ARENA_MAX: '2',
        MALLOC_MMAP_THRESHOLD_: '131072',
        MALLOC_TRIM_THRESHOLD_: '1048576',
      },
    }),
  test: async (node) => {
    const code = await run(node, ['node_modules/vitest/vitest.mjs', 'run', ...args]);
    const docker = spawnSync('docker', ['info'], { stdio: 'ignore', timeout: 10_000 });
    if (docker.status !== 0) {
      console.log(
        'Left out: every suite that needs real servers (RabbitMQ, Postgres, InfluxDB, Jaeger, docker compose),',
      );
      console.log('because Docker does not answer on this machine.');
    }
    return code;
  },
  check: async (node) =>
    (await run(node, ['node_modules/typescript/bin/tsc', '-p', '.'])) ||
    run(node, ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...args]),
  format: (node) => run(node, ['node_modules/@biomejs/biome/bin/biome', 'check', '--write', ...args]),
  reference: (node) => run(node, ['scripts/write-reference.ts']),
  // In the folder where it was typed: npm changes to this one, and `@file` is meant from there.
  tracepost: (node) =>
    run(node, [join(root, 'services/cli/src/main.ts'), ...args], { cwd: process.env.INIT_CWD ?? process.cwd() }),
  faults: (node) => run(node, ['test/faults/run-faults.ts', ...args]),
  bench: (node) => run(node, [`bench/src/${args[0] ?? 'list'}.ts`, ...args.slice(1)]),
};

const command = commands[name];
if (!command) {
  console.error(`Unknown command "${name}"; there are ${Object.keys(commands).join(', ')}.`);
  process.exit(2);
}
await install();
process.exitCode = await command(findNode());
