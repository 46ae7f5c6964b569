import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openWorkbench, type Workbench } from '../workbench.ts';
import { openLab, writeTroublemaker } from './troublemaker.ts';

let module: Awaited<ReturnType<typeof writeTroublemaker>>;
let bench: Workbench;

beforeAll(async () => {
  module = await writeTroublemaker();
  bench = await openWorkbench();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await module.remove();
});

describe('a message that kills its thread each time', () => {
  it('ends as dead with its history, while 50 others in the same queue succeed, each once', {
    timeout: 120_000,
  }, async () => {
    const retry = { maxAttempts: 3, initialDelayMs: 0 };
    const lab = await openLab(module, { data: { retry } });
    await bench.host([], { runners: lab.runners });
    const innocents = Array.from({ length: 50 }, (_, at) => `innocent-${at}`);
    for (const [at, taskId] of innocents.entries()) {
      if (at === 5) await publish('poison', 'exit');
      await publish(taskId, 'work');
    }

    const endings = new Map(
      await Promise.all(['poison', ...innocents].map(async (taskId) => [taskId, await endingOf(taskId)] as const)),
    );
    for (const taskId of innocents) expect(endings.get(taskId)).toMatchObject({ kind: 'succeeded', result: 'done' });
    expect(await effects()).toEqual(innocents.toSorted());

    expect(endings.get('poison')).toMatchObject({
      kind: 'dead',
      attempt: { number: 3 },
      error: { code: 'worker_crashed', message: expect.stringContaining('process.exit(7)') },
    });
    const dead = await bench.dead();
    expect(dead.messageId).toBe('poison');
    expect(JSON.parse(String(dead.headers['x-attempts']))).toMatchObject(
      [1, 2, 3].map((number) => ({ number, error: { code: 'worker_crashed' } })),
    );
  });
});

function publish(taskId: string, deed: string): Promise<void> {
  return bench.publish({ deed }, { taskId, notificationType: 'deed.wanted' });
}

async function endingOf(taskId: string) {
  const endings = () => bench.told(taskId).filter((kind) => kind !== 'started' && kind !== 'attempt_failed');
  await expect.poll(endings, { timeout: 90_000 }).toHaveLength(1);
  return bench.ending(taskId);
}

/** Tasks that were worked on to the end, as often as they were. */
async function effects(): Promise<string[]> {
  const text = await readFile(join(module.folder, 'done'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .toSorted();
}
