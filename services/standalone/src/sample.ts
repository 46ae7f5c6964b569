import { existsSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sampleImage } from '@tracepost/agents';

/** Puts a ready request with a small image into the data folder, once, so that the first command works offline. */
export async function writeSample(dataFolder: string): Promise<void> {
  const file = join(dataFolder, 'remove-background.json');
  if (existsSync(file)) return;
  const image = await sampleImage();
  const request = {
    notificationType: 'image.remove-background',
    source: 'sample',
    payload: { imageBase64: image.toString('base64'), quality: 'medium' },
  };
  await writeFile(`${file}.new`, JSON.stringify(request));
  await rename(`${file}.new`, file);
}
