import sharp from 'sharp';
import { expect, it } from 'vitest';
import { sampleImage } from '../../src/bg-remover/sample-image.ts';
import { expectRemoved, useRemover } from './use-remover.ts';

const remover = useRemover();

it('the sample image is a small PNG whose subject is found', async () => {
  const content = await sampleImage();
  expect(content.length).toBeLessThan(100_000);
  expect(await sharp(content).metadata()).toMatchObject({ format: 'png', width: 640, height: 480 });
  const { png, foregroundShare } = expectRemoved(await remover.remove({ content, quality: 'medium' }));
  expect(foregroundShare).toBeGreaterThan(0.17);
  expect(foregroundShare).toBeLessThan(0.19);
  const { data } = await sharp(png).extractChannel('alpha').raw().toUint8Array();
  const alphaAt = (x: number, y: number): number | undefined => data[y * 640 + x];
  // Pot, trunk, right arm; wall above the left arm and below the right one.
  expect([alphaAt(320, 400), alphaAt(320, 200), alphaAt(416, 160)]).toEqual([255, 255, 255]);
  expect([alphaAt(226, 100), alphaAt(440, 300)]).toEqual([0, 0]);
});
