import sharp, { type Colour, type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { animatedPng, bombPng, lyingPng, profileBombPng, redOnGreen } from './odd-images.ts';
import { expectRemoved, useRemover } from './use-remover.ts';

const remover = useRemover();
const remove = (content: Buffer) => remover.remove({ content, quality: 'medium' });

/** The same remover, one worker: whatever came before has left it well. */
async function expectWorkerWell(): Promise<void> {
  expect(await remove(await redOnGreen().png().toBuffer())).toMatchObject({ status: 'removed' });
}

type Case = readonly [name: string, content: () => Buffer | Promise<Buffer>];

describe('an image that cannot be worked on is refused with a reason and leaves the worker well:', () => {
  it.each<Case>([
    ['no bytes at all', () => Buffer.alloc(0)],
    ['text that calls itself png', () => Buffer.from('name: photo.png')],
    ['a PNG cut short', () => cutShort(redOnGreen().png())],
    ['a JPEG cut short', () => cutShort(redOnGreen().jpeg())],
    ['a WebP cut short', () => cutShort(redOnGreen().webp())],
    ['a PNG that ends with its header', async () => (await redOnGreen().png().toBuffer()).subarray(0, 40)],
  ])('%s is invalid', async (_, content) => {
    expect(await remove(await content())).toMatchObject({ status: 'refused', code: 'invalid_image' });
    await expectWorkerWell();
  });

  it.each<Case>([
    ['SVG', () => Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['GIF', () => redOnGreen().gif().toBuffer()],
    ['PDF', () => Buffer.from('%PDF-1.7\n1 0 obj')],
    ['TIFF', () => redOnGreen().tiff().toBuffer()],
    ['AVIF', () => redOnGreen().avif().toBuffer()],
    ['HEIF', () => Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')],
  ])('%s is unsupported, and the message names it', async (format, content) => {
    const outcome = await remove(await content());
    expect(outcome).toMatchObject({ status: 'refused', code: 'unsupported_image' });
    expect(outcome).toHaveProperty('message', expect.stringContaining(format));
    await expectWorkerWell();
  });

  it.each<Case>([
    ['900 million pixels in 110 KB', () => bombPng()],
    ['a JPEG whose header says 60,000 x 60,000', () => hugeJpegHeader()],
    [
      'more than 25 MiB of bytes',
      async () => Buffer.concat([await redOnGreen().png().toBuffer(), Buffer.alloc(25 << 20)]),
    ],
  ])('%s is too large, said before it is unpacked', async (_, content) => {
    const bytes = await content();
    const before = process.memoryUsage().rss;
    expect(await remove(bytes)).toMatchObject({ status: 'refused', code: 'image_too_large' });
    expect(process.memoryUsage().rss - before).toBeLessThan(60e6);
    await expectWorkerWell();
  });

  it.each<Case>([
    ['one pixel', () => plain(1, 1, '#c03030')],
    ['a single line', () => plain(3000, 1, '#c03030')],
    ['one colour everywhere', () => plain(300, 200, '#808080')],
    ['everything transparent', () => plain(300, 200, { r: 9, g: 9, b: 9, alpha: 0 })],
    ['64 x 64 black pixels before data for a hundred million', () => lyingPng()],
    ['64 x 64 black pixels with a colour profile of 200 MB', () => profileBombPng()],
  ])('%s shows no subject', async (_, content) => {
    expect(await remove(await content())).toMatchObject({ status: 'refused', code: 'no_subject' });
    await expectWorkerWell();
  });
});

describe('pixels are understood however they are written:', () => {
  it.each<Case>([
    ['PNG', () => redOnGreen().png().toBuffer()],
    ['PNG with a palette', () => redOnGreen().png({ palette: true }).toBuffer()],
    ['grayscale PNG', () => redOnGreen().toColourspace('b-w').png().toBuffer()],
    ['PNG of 16 bits', () => sixteenBits()],
    ['animated PNG, its first frame', async () => animatedPng(await redOnGreen().ensureAlpha().png().toBuffer())],
    ['JPEG', () => redOnGreen().jpeg().toBuffer()],
    ['progressive JPEG', () => redOnGreen().jpeg({ progressive: true }).toBuffer()],
    ['CMYK JPEG', () => redOnGreen().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()],
    ['WebP', () => redOnGreen().webp().toBuffer()],
    ['animated WebP, its first frame', () => animatedWebp()],
  ])('%s', async (_, content) => {
    const outcome = expectRemoved(await remove(await content()));
    expect(outcome).toMatchObject({ width: 160, height: 120 });
    // The square covers 14.4 %; a lossy file may blur its edge.
    expect(outcome.foregroundShare).toBeGreaterThan(0.135);
    expect(outcome.foregroundShare).toBeLessThan(0.16);
    expect(await sharp(outcome.png).metadata()).toMatchObject({ format: 'png', width: 160, height: 120, channels: 4 });
    expect((await pixelAt(outcome.png, 56, 60))[3]).toBe(255);
  });

  it('a JPEG that is to be turned is turned, and the answer needs no turning', async () => {
    const outcome = expectRemoved(await remove(await redOnGreen().jpeg().withMetadata({ orientation: 6 }).toBuffer()));
    expect(outcome).toMatchObject({ width: 120, height: 160 });
    expect((await sharp(outcome.png).metadata()).orientation ?? 1).toBe(1);
    // A quarter turn to the right takes the middle of the square from (56, 60) to (60, 56).
    expect((await pixelAt(outcome.png, 60, 56))[3]).toBe(255);
    expect((await pixelAt(outcome.png, 60, 130))[3]).toBe(0);
  });
});

describe('transparency of the input is respected:', () => {
  it('an image that is half transparent everywhere is cut out and stays half transparent', async () => {
    const { png } = expectRemoved(await remove(await redOnGreen().ensureAlpha(0.5).png().toBuffer()));
    expect((await pixelAt(png, 56, 60))[3]).toBe(127);
    expect((await pixelAt(png, 5, 5))[3]).toBe(0);
  });

  it('an image that has been cut out already keeps what it has', async () => {
    const once = expectRemoved(await remove(await redOnGreen().png().toBuffer()));
    const twice = expectRemoved(await remove(once.png));
    expect(twice.foregroundShare).toBe(once.foregroundShare);
    expect(await rawOf(twice.png)).toEqual(await rawOf(once.png));
  });

  it('what is wholly transparent in the answer has no colour left', async () => {
    const { png } = expectRemoved(await remove(await redOnGreen().png().toBuffer()));
    expect(await pixelAt(png, 5, 5)).toEqual([0, 0, 0, 0]);
  });
});

async function cutShort(image: Sharp): Promise<Buffer> {
  const whole = await image.toBuffer();
  return whole.subarray(0, Math.floor(whole.length * 0.6));
}

function plain(width: number, height: number, background: Colour): Promise<Buffer> {
  const channels = typeof background === 'string' ? 3 : 4;
  return sharp({ create: { width, height, channels, background } }).png().toBuffer();
}

async function hugeJpegHeader(): Promise<Buffer> {
  const jpeg = await redOnGreen().jpeg().toBuffer();
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  jpeg.writeUInt16BE(60_000, frame + 5);
  jpeg.writeUInt16BE(60_000, frame + 7);
  return jpeg;
}

async function sixteenBits(): Promise<Buffer> {
  const shallow = await redOnGreen().raw().toBuffer();
  const deep = Uint16Array.from(shallow, (value) => value * 257);
  const raw = { width: 160, height: 120, channels: 3, depth: 'ushort' } as const;
  return sharp(deep, { raw }).toColourspace('rgb16').png().toBuffer();
}

async function animatedWebp(): Promise<Buffer> {
  const frames = [await redOnGreen().png().toBuffer(), await plain(160, 120, '#00ff00')];
  return sharp(frames, { join: { animated: true } })
    .webp({ lossless: true })
    .toBuffer();
}

async function pixelAt(png: Buffer, x: number, y: number): Promise<number[]> {
  return [...(await sharp(png).extract({ left: x, top: y, width: 1, height: 1 }).raw().toBuffer())];
}

function rawOf(png: Buffer): Promise<Buffer> {
  return sharp(png).raw().toBuffer();
}
