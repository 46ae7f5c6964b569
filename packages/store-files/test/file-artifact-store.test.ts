import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreUnavailableError } from '@tracepost/stores';
import { describeArtifactStoreContract } from '@tracepost/stores/contract';
import { createTelemetry } from '@tracepost/telemetry';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openFileArtifactStore } from '../src/index.ts';

const telemetry = createTelemetry({ serviceName: 'test' });
const PNG = { contentType: 'image/png', maxBytes: 1_000 };

describeArtifactStoreContract('Files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tracepost-artifacts-'));
  return {
    open: () => openFileArtifactStore({ folder, telemetry }),
    count: async () => (await listArtifacts(folder)).length,
    close: () => rm(folder, { recursive: true }),
  };
});

describe('Files of artifacts', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tracepost-artifacts-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('what a dead process left half written is removed at the next start, what another is writing is not', async () => {
    await leaveBehind('left-over', new Date(Date.now() - 3_600_000));
    await leaveBehind('under-way', new Date());
    await openFileArtifactStore({ folder, telemetry });
    expect(await readdir(join(folder, 'tmp'))).toEqual(['under-way']);
  });

  test('content that was changed or cut on the disk is an error, never an answer', async () => {
    const store = await openFileArtifactStore({ folder, telemetry });
    const changed = await store.put(Buffer.from('0123456789'), PNG);
    await writeFile(await contentOf(changed.artifactId), '0123456780');
    await expect(store.read(changed.artifactId)).rejects.toThrow('has changed since');
    await writeFile(await contentOf(changed.artifactId), '01234');
    await expect(store.read(changed.artifactId)).rejects.toThrow('5 of 10 bytes');
    await expect(store.get(changed.artifactId)).rejects.toThrow('damaged');
  });

  test('a folder that is a file is told in one sentence', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const opening = openFileArtifactStore({ folder: file, telemetry });
    await expect(opening).rejects.toBeInstanceOf(StoreUnavailableError);
    await expect(opening).rejects.toThrow(`Artifacts cannot be kept in ${file}: a file stands where a folder`);
  });

  async function leaveBehind(name: string, touched: Date): Promise<void> {
    const path = join(folder, 'tmp', name);
    await mkdir(path, { recursive: true });
    await writeFile(join(path, 'content'), 'half');
    await utimes(join(path, 'content'), touched, touched);
  }

  async function contentOf(artifactId: string): Promise<string> {
    const path = (await listArtifacts(folder)).find((name) => name.endsWith(artifactId));
    return join(folder, path ?? '', 'content');
  }
});

/** Relative paths of everything that is an artifact or was about to become one. */
async function listArtifacts(folder: string): Promise<string[]> {
  const days = await readdir(folder);
  const names = await Promise.all(
    days.map(async (day) => (await readdir(join(folder, day))).map((id) => join(day, id))),
  );
  return names.flat();
}
