import { sampleImage } from '@tracepost/agents';
import type { ArtifactInfo } from '@tracepost/contracts';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import type { Asked } from './asked.ts';

/** bg-remover, with real pixels. */
export function describeImages(asked: Asked): void {
  it('removes the background of a photo that travels as an artifact', async () => {
    const photo = await sampleImage();
    const uploaded = await asked.client.call('/api/v1/artifacts', {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array(photo),
    });
    expect(uploaded.status).toBe(201);
    const { artifactId, bytes } = uploaded.json<ArtifactInfo>();
    expect(bytes).toBe(photo.length);

    const { task } = await asked.client.run('bg-remover', {
      notificationType: 'image.remove-background',
      payload: { imageId: artifactId, quality: 'low' },
    });
    expect(task.error).toBeNull();
    const result = task.result as {
      imageId: string;
      width: number;
      height: number;
      foregroundShare: number;
      cost: Record<string, number>;
    };
    expect(result.cost).toMatchObject({ modelUsd: 0.000072, qualityMultiplier: 0.5, sizeMultiplier: 1 });
    expect(task.usage.costUsd).toBe(result.cost.totalUsd);

    const cutOut = await fetch(`${asked.client.url}/api/v1/artifacts/${result.imageId}`);
    expect(cutOut.headers.get('content-type')).toBe('image/png');
    const { data, info } = await sharp(Buffer.from(await cutOut.arrayBuffer()))
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect([info.width, info.height, info.channels]).toEqual([result.width, result.height, 4]);
    let opaque = 0;
    for (let at = 3; at < data.length; at += 4) if ((data[at] ?? 0) > 127) opaque += 1;
    const share = opaque / (info.width * info.height);
    expect(share).toBeGreaterThan(0.02);
    expect(share).toBeLessThan(0.98);
    expect(Math.abs(share - result.foregroundShare)).toBeLessThan(0.05);
  });

  it('removes the background of the sample that travels within the message', async () => {
    const imageBase64 = (await sampleImage()).toString('base64');
    const { task } = await asked.client.run('bg-remover', {
      notificationType: 'image.remove-background',
      payload: { imageBase64 },
    });
    expect(task).toMatchObject({ status: 'succeeded', result: { width: 640, height: 480 } });
  });

  it('does a batch, says of each image what became of it, and calls the task partial when one failed', async () => {
    const imageBase64 = (await sampleImage()).toString('base64');
    const broken = Buffer.from('this is no picture at all').toString('base64');
    const { task } = await asked.client.run('bg-remover', {
      notificationType: 'image.remove-background',
      priority: 'urgent',
      payload: { images: [{ imageBase64, quality: 'low' }, { imageBase64: broken }] },
    });
    expect(task).toMatchObject({ status: 'succeeded', partial: true, priority: 'urgent' });
    expect(task.result).toMatchObject({
      succeeded: 1,
      failed: 1,
      images: [{ width: 640, height: 480 }, { error: { message: expect.stringMatching(/image/) } }],
    });
  });

  it.each([
    ['a text that calls itself a picture', Buffer.from('this is no picture at all'), /image/],
    ['nothing', Buffer.alloc(0), /./],
  ])('fails with a reason for %s, and works on', async (_what, content, reason) => {
    const uploaded = await asked.client.call('/api/v1/artifacts', {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array(content),
    });
    if (uploaded.status === 400) return expect(uploaded.problem().detail).toMatch(/empty/);
    const { artifactId } = uploaded.json<ArtifactInfo>();
    const { task } = await asked.client.run('bg-remover', {
      notificationType: 'image.remove-background',
      payload: { imageId: artifactId },
    });
    expect(task.status).toBe('failed');
    expect(task.error?.message).toMatch(reason);
  });
}
