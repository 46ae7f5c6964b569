import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOM = fileURLToPath(new URL('.', import.meta.url));

/** A service that is told to stop 20 ms into its start and goes on starting; each part holds the process while it is open. */
const STOPPED_AT_THE_START = `
  import { setTimeout as sleep } from 'node:timers/promises';
  import { runService } from '${ROOM}run-service.ts';
  await runService(async ({ onStop }) => {
    const open = (name) => {
      const held = setInterval(() => {}, 1_000);
      onStop(() => {
        clearInterval(held);
        console.log('closed ' + name);
      });
    };
    open('first');
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), 20);
    await sleep(200);
    open('second');
    console.log('went on');
  });
`;

test('a stop during the start closes what is opened later too, calls the start off and ends the process', async () => {
  const started = performance.now();
  const { code, output } = await runModule(STOPPED_AT_THE_START);
  expect(output).toBe('closed first\nclosed second\n');
  expect(code).toBe(0);
  expect(performance.now() - started).toBeLessThan(8_000);
});

function runModule(source: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', source], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
