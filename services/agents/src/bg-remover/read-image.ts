import sharp from 'sharp';
import type { Copy } from './cut-out.ts';
import { checkFormat } from './image-format.ts';
import { type Refused, refused } from './outcome.ts';
import type { Size } from './plane.ts';

const MAX_ENCODED_BYTES = 25 * 1024 * 1024;
const FORMATS: readonly string[] = ['png', 'jpeg', 'webp'];

export interface ReadImage extends Size {
  readonly status: 'read';
  /** Red, green, blue, opacity; 8 bits each, sRGB, upright. */
  readonly rgba: Uint8Array<ArrayBuffer>;
}

export interface ReadLimits {
  readonly maxPixels: number;
  readonly seconds: number;
}

/**
 * Pixels of a PNG, JPEG or WebP; of an animation, the first frame. Size is asked of the header before anything is unpacked, so that a few
 * kilobytes cannot fill the memory. Runs on libvips' own threads.
 */
export async function readImage(content: Buffer, { maxPixels, seconds }: ReadLimits): Promise<ReadImage | Refused> {
  const unreadable = checkFormat(content);
  if (unreadable) return unreadable;
  if (content.length > MAX_ENCODED_BYTES) {
    return refused('image_too_large', `The image has ${content.length} bytes; at most ${MAX_ENCODED_BYTES} are read.`);
  }
  try {
    const image = sharp(content, { failOn: 'error', limitInputPixels: false, pages: 1 });
    const { format, width, height } = await image.metadata();
    if (!FORMATS.includes(format))
      return refused('unsupported_image', `The image is ${format}; PNG, JPEG and WebP are read.`);
    if (width * height > maxPixels) {
      const millions = Math.round(maxPixels / 1e5) / 10;
      return refused(
        'image_too_large',
        `The image has ${width} x ${height} pixels; at most ${millions} million are read.`,
      );
    }
    const upright = sharp(content, { failOn: 'error', limitInputPixels: maxPixels, pages: 1 }).autoOrient();
    const { data, info } = await upright
      .timeout({ seconds })
      .toColourspace('srgb')
      .ensureAlpha()
      .raw({ depth: 'uchar' })
      .toUint8Array();
    return { status: 'read', width: info.width, height: info.height, rgba: transferable(data) };
  } catch (error) {
    return refused('invalid_image', `The image cannot be read: ${reasonOf(error)}.`);
  }
}

/** A copy whose longer side is at most `side`. */
export async function reduceImage({ rgba, width, height }: Copy, side: number, seconds: number): Promise<Copy> {
  const { data, info } = await sharp(rgba, { raw: { width, height, channels: 4 }, limitInputPixels: false })
    .timeout({ seconds })
    .resize(side, side, { fit: 'inside', withoutEnlargement: true })
    .raw()
    .toUint8Array();
  return { rgba: transferable(data), width: info.width, height: info.height };
}

export function writePng({ rgba, width, height }: Copy, seconds: number): Promise<Buffer> {
  return sharp(rgba, { raw: { width, height, channels: 4 }, limitInputPixels: false })
    .timeout({ seconds })
    .png({ compressionLevel: 6 })
    .toBuffer();
}

/** The only output of sharp whose memory can be handed to another thread; its type forgets to say so. */
function transferable(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return data as Uint8Array<ArrayBuffer>;
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const lastLine = text.trim().split('\n').at(-1) ?? '';
  return lastLine.slice(0, 160).replace(/[.:\s]+$/, '') || 'its data is damaged';
}
